import { expect, onTestFinished, test } from 'vitest';
import { Facebook, Messenger, register } from '../../packages/client/src/index.ts';
import { StationSession } from '../../packages/client/src/session.ts';
import { type Clock, createProtocol } from '../../packages/core/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { Text } from '../../packages/extensions/src/contents.ts';
import { standard } from '../../packages/extensions/src/standard.ts';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { startStation } from '../helpers/station.node.ts';
import { until } from '../helpers/wait.node.ts';

const protocol = createProtocol(standard());
const HOUR = 3_600_000;

/** The clock of a machine, which the test can shift. */
class ShiftedClock implements Clock {
  shift = 0;

  now(): number {
    return Date.now() + this.shift;
  }
}

async function newPerson(name: string, clock: Clock, port: number) {
  const facebook = new Facebook({ protocol, store: memoryStore(), clock });
  const { id } = await register(name, { facebook, algorithm: 'Ed25519' });
  const messenger = new Messenger({ facebook, resend: { firstAfter: 1000, atMostEvery: 2000 } });
  const texts: string[] = [];
  messenger.handle(Text, ({ content }) => {
    texts.push(content.body.text);
    return undefined;
  });
  const session = new StationSession({
    messenger,
    stations: [{ connect: connectTcp({ host: '127.0.0.1', port }), host: '127.0.0.1', port }],
  });
  onTestFinished(async () => {
    await session.stop();
    await messenger[Symbol.asyncDispose]();
  });
  await session.start();
  await session.online(AbortSignal.timeout(20_000));
  return { id, messenger, session, texts };
}

/** Two people and a station, each with its own clock. */
async function world() {
  const clocks = {
    sender: new ShiftedClock(),
    receiver: new ShiftedClock(),
    station: new ShiftedClock(),
  };
  const { port } = await startStation({ clock: clocks.station });
  const moki = await newPerson('moki', clocks.sender, port);
  const hulk = await newPerson('hulk', clocks.receiver, port);
  const say = (...texts: string[]) =>
    Promise.all(texts.map((text) => moki.messenger.send(Text.create({ text }), hulk.id)));
  for (const first of await say('1', '2')) {
    await first.reached('received', AbortSignal.timeout(20_000));
  }
  return { clocks, moki, hulk, say };
}

test.each([
  ['sender', -2 * HOUR],
  ['receiver', 2 * HOUR],
  ['station', 2 * HOUR],
] as const)(
  'when the clock of the %s is set by %d ms and back, what is sent meanwhile and afterwards arrives without delay, once and in order',
  async (who, jump) => {
    const { clocks, moki, hulk, say } = await world();
    clocks[who].shift = jump;
    await say('3', '4', '5');
    await until(() => hulk.texts.length === 5);
    clocks[who].shift = 0;
    const last = await say('6', '7');
    await Promise.all(last.map((each) => each.reached('received', AbortSignal.timeout(20_000))));
    expect(hulk.texts).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(moki.session.report.state).toBe('online');
  },
  30_000,
);

test.each([
  ['sender', 2 * HOUR],
  ['station', -2 * HOUR],
] as const)(
  'when the clock of the %s is set by %d ms, the station refuses what seems to come from the future; the sender knows, and nothing else is held up',
  async (who, jump) => {
    const { clocks, moki, hulk, say } = await world();
    clocks[who].shift = jump;
    const refused = await say('3', '4');
    await until(() => refused.every(({ state }) => state === 'failed'));
    expect(hulk.texts).toEqual(['1', '2']);
    clocks[who].shift = 0;
    const last = await say('5', '6');
    await Promise.all(last.map((each) => each.reached('received', AbortSignal.timeout(20_000))));
    expect(hulk.texts).toEqual(['1', '2', '5', '6']);
    // The messages are kept, so that they can be sent again.
    const left = await moki.messenger.deliveries();
    expect(left.map(({ id }) => id)).toEqual(refused.map(({ id }) => id));
    const receipts = refused.map(({ report }) => report.receipt);
    expect(receipts).toEqual(['Message not valid.', 'Message not valid.']);
    for (const clock of Object.values(clocks)) clock.shift = 2 * HOUR;
    for (const delivery of refused) await delivery.retry();
    await until(() => hulk.texts.length === 6);
    expect(hulk.texts).toEqual(['1', '2', '5', '6', '3', '4']);
  },
  30_000,
);
