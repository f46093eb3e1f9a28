import assert from 'node:assert/strict';
import { Facebook, Messenger, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { systemClock } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { EntityType } from '@dimp/mkm';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import { httpHandler, listen } from '@dimp/station/node';
import { connectTcp } from '@dimp/transport-tcp';
import { type Place, protocol, startBot } from './bot.ts';

/** A user writes to the bot over a station, and gets an answer. */
export async function demonstrate(): Promise<void> {
  await using place = await startStation();
  const bot = await startBot(memoryStore(), place);
  await bot.session.online(AbortSignal.timeout(30_000));

  // moki knows only the ID of the bot. The station sends the meta and visa, which moki verifies.
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const moki = await register('moki', { facebook });
  await using messenger = new Messenger({ facebook });
  const { host, port } = place;
  const stations = [{ connect: connectTcp({ host, port }), host, port }];
  await using session = new StationSession({ messenger, stations, user: moki.id });
  await session.start();
  const delivery = await messenger.send(Text.create({ text: 'Is anybody there?' }), bot.user.id);
  await delivery.reached('received', AbortSignal.timeout(30_000));
  for await (const { envelope, content } of messenger.messages({
    signal: AbortSignal.timeout(30_000),
  })) {
    assert.equal(content.kind, 'text');
    console.log(`moki reads: ${envelope.sender.name} says "${content.body.text}"`);
    assert.equal(content.body.text, 'Is anybody there?');
    break;
  }
  await bot.session.stop();
  await bot.messenger[Symbol.asyncDispose]();
}

/** Starts a station on a free port of this machine. */
async function startStation(): Promise<Place & AsyncDisposable> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const { id } = await register('gsp', { facebook, network: EntityType.Station });
  const keeper = new LimitKeeper({ limits: limitsOf(), clock: systemClock });
  const commands = new StationCommands({ facebook, id, keeper });
  const { lists: blocking, names } = commands;
  const station = await Station.open({ facebook, id, keeper, commands, blocking, names });
  const http = httpHandler({ health: () => station.health() });
  const gate = await listen({ station, keeper, http, port: 0, host: '127.0.0.1' });
  return {
    host: '127.0.0.1',
    port: gate.port,
    async [Symbol.asyncDispose]() {
      await Promise.all([gate.close(), station.stop()]);
    },
  };
}
