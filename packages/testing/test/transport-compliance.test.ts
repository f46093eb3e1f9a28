import type { Arrival, Transport } from '@dimp/core';
import { type MemoryTransport, memoryTransportPair } from '@dimp/core/memory';
import { concatBytes } from '@dimp/foundation';
import { transportCompliance } from '@dimp/testing/compliance';
import { expect, test } from 'vitest';

/** How the left end differs. */
type Fault = (left: MemoryTransport, right: MemoryTransport) => Partial<Transport>;

/** Runs some tests of the suite over a transport with a fault and yields the names of those that failed. */
async function failures(fault: Fault, some = /./, acknowledges = true): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = [];
  let pair: readonly [MemoryTransport, MemoryTransport] = memoryTransportPair();
  transportCompliance((name, run) => tests.push([name, run]), {
    open: async ({ maxPayloadBytes }) => {
      pair = memoryTransportPair({ maxPayloadBytes, acknowledges });
      const [left, right] = pair;
      const whole: Transport = {
        incoming: left.incoming,
        send: (payload) => left.send(payload),
        close: () => left.close(),
        [Symbol.asyncDispose]: () => left.close(),
      };
      return [Object.assign(whole, fault(left, right)), right];
    },
    lose: (end) => pair[end === 'left' ? 0 : 1].lose(),
    acknowledged: acknowledges ? ['left', 'right'] : [],
    signals: false,
  });
  const failed: string[] = [];
  for (const [name, run] of tests.filter(([name]) => some.test(name))) {
    // A test that hangs has found something as well.
    const late = new Promise<never>((_, reject) => setTimeout(reject, 3000, new Error('hangs')));
    await Promise.race([run(), late]).catch(() => failed.push(name));
    late.catch(() => undefined);
  }
  return failed;
}

/** Changes what arrives at the left end. */
async function* mapped(
  arrivals: AsyncIterable<Arrival>,
  change: (arrival: Arrival) => Arrival,
): AsyncGenerator<Arrival> {
  for await (const arrival of arrivals) yield change(arrival);
}

test.each<[fault: string, found: RegExp, Fault]>([
  [
    'a changed byte',
    /any size/,
    (left) => ({ send: (payload) => left.send(payload.map((byte, i) => (i > 0 ? byte : 32))) }),
  ],
  [
    'lost line ends',
    /line ends/,
    (left) => ({ send: (payload) => left.send(payload.filter((byte) => byte !== 0x0a)) }),
  ],
  [
    'a byte order mark that is dropped',
    /line ends/,
    (left) => ({
      send: (payload) => left.send(payload[0] === 0xef ? payload.subarray(3) : payload),
    }),
  ],
  [
    'empty payloads that arrive',
    /empty/,
    (left) => ({
      send: (payload) => left.send(payload.length === 0 ? concatBytes(Uint8Array.of(32)) : payload),
    }),
  ],
  [
    'another order',
    /in order/,
    (left) => ({
      send: async (payload) => {
        if (payload.length > 2000) await Promise.resolve().then(() => undefined);
        await left.send(payload);
      },
    }),
  ],
  [
    'bytes that are not copied',
    /copied/,
    (left) => ({
      send: async (payload) => {
        await Promise.resolve();
        await left.send(payload);
      },
    }),
  ],
  [
    'sending that does not wait for the acknowledgement',
    /acknowledges/,
    (left) => ({
      send: async (payload) => {
        if (payload.length > 500_000) await left.send(payload);
        else left.send(payload).catch(() => undefined);
      },
    }),
  ],
  [
    'closing that loses the connection',
    /closing ends both/,
    (left) => ({ close: async () => left.lose() }),
  ],
  [
    'a reader that acknowledges by itself',
    /acknowledges/,
    (left) => ({
      incoming: mapped(left.incoming, (arrival) => {
        arrival.acknowledge();
        return arrival;
      }),
    }),
  ],
  [
    'a reader that cannot be replaced',
    /another one continues/,
    (left) => {
      const once = mapped(left.incoming, (arrival) => arrival);
      return { incoming: once };
    },
  ],
])('the suite finds %s', async (_, found, fault) => {
  expect(await failures(fault, found)).toHaveLength(1);
});

test('the suite finds nothing in a good transport', async () => {
  expect(await failures(() => ({}))).toEqual([]);
  expect(await failures(() => ({}), /./, false)).toEqual([]);
});
