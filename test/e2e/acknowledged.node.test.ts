import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  readPayload,
  type Transport,
  type TransportFactory,
} from '../../packages/core/src/index.ts';
import { Text } from '../../packages/extensions/src/contents.ts';
import { parseJsonObject } from '../../packages/foundation/src/index.ts';
import { seededRandom } from '../../packages/testing/src/network.ts';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { connectWebSocket } from '../../packages/transport-websocket/src/index.ts';
import { logIn, type Person, people } from '../helpers/clients.node.ts';
import { type StationProcess, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

/** Signatures of the messages to a person in a payload. */
function signaturesTo(person: Person, bytes: Uint8Array): readonly string[] {
  const payload = readPayload(bytes);
  if (payload.kind !== 'messages') return [];
  return payload.messages
    .map((text) => parseJsonObject(text))
    .filter(({ receiver }) => receiver === person.id.text)
    .map(({ signature }) => String(signature));
}

/** A transport that records the signatures of acknowledged messages to a person. */
function noting(
  connect: TransportFactory,
  to: Person,
  acknowledged: Set<string>,
): TransportFactory {
  return async (context) => {
    const transport = await connect(context);
    const noted: Transport = {
      incoming: transport.incoming,
      async send(payload) {
        await transport.send(payload);
        for (const signature of signaturesTo(to, payload)) acknowledged.add(signature);
      },
      close: () => transport.close(),
      [Symbol.asyncDispose]: () => transport.close(),
    };
    return noted;
  };
}

/** A transport that records the signatures of incoming messages to a person. */
function watching(connect: TransportFactory, to: Person, arrived: string[]): TransportFactory {
  return async (context) => {
    const transport = await connect(context);
    async function* incoming() {
      for await (const arrival of transport.incoming) {
        arrived.push(...signaturesTo(to, arrival.payload));
        yield arrival;
      }
    }
    return {
      incoming: incoming(),
      send: (payload) => transport.send(payload),
      close: () => transport.close(),
      [Symbol.asyncDispose]: () => transport.close(),
    };
  };
}

const ends: readonly [string, number, (station: StationProcess) => Promise<unknown>][] = [
  ['SIGKILL', 2, (station) => station.kill()],
  ['SIGTERM', 1, (station) => station.stop()],
];

test.each(ends)(
  'messages that a station has acknowledged before %s are delivered after it, once and in order, even if their sender never returns',
  async (_name, rounds, end) => {
    const random = seededRandom('acknowledged');
    const data = join(await temporaryFolder(), 'station');
    for (let round = 0; round < rounds; round++) {
      const station = await startStation(data);
      const { port } = station;
      const [moki, hulk] = await people('moki', 'hulk');
      await (await logIn(hulk, port)).stop();
      const acknowledged = new Set<string>();
      const connect = connectTcp({ host: '127.0.0.1', port });
      const session = await logIn(moki, port, noting(connect, hulk, acknowledged));
      let sending = true;
      const sender = (async () => {
        for (let number = 0; sending; number++) {
          await moki.messenger.send(Text.create({ text: String(number) }), hulk.id);
          if (number % 32 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
      const goal = 20 + random.integer(200);
      await until(() => acknowledged.size > goal, 30_000);
      const before = acknowledged.size;
      await end(station);
      sending = false;
      await sender;
      // moki never returns, so no message is sent again.
      await Promise.all([session.stop(), moki.messenger[Symbol.asyncDispose]()]);
      expect(before).toBeGreaterThan(20);

      const next = await startStation(data);
      const arrived: string[] = [];
      const way =
        round % 2 === 0
          ? connectTcp({ host: '127.0.0.1', port: next.port })
          : connectWebSocket({ url: `ws://127.0.0.1:${next.port}/` });
      await logIn(hulk, next.port, watching(way, hulk, arrived));
      await until(() => [...acknowledged].every((each) => arrived.includes(each)), 30_000);
      await until(() => hulk.texts.length >= acknowledged.size);
      // Messages that were stored but not acknowledged before the end are delivered, too, in order.
      expect(hulk.texts).toEqual(Array.from(hulk.texts, (_, index) => String(index)));
      expect(new Set(arrived).size).toBe(arrived.length);
      await hulk.messenger[Symbol.asyncDispose]();
      await next.kill();
    }
  },
  120_000,
);
