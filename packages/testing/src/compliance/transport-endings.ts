import { asyncDisposeSymbol, isProtocolError } from '@dimp/foundation';
import { assert, type TestFunction } from './assert.ts';
import {
  assertNext,
  assertOutcome,
  bothWays,
  LARGEST,
  messageOf,
  Reader,
  send,
  type TransportComplianceOptions,
} from './transport-suite.ts';

/** Registers the tests of how connections end. */
export function registerTransportEndings(
  test: TestFunction,
  { open, lose, acknowledged, signals }: TransportComplianceOptions,
): void {
  test(
    'closing ends both ends properly, and nothing is sent afterwards',
    bothWays(open, async (from, to) => {
      const readers = [new Reader(from), new Reader(to)];
      const ends = readers.map((reader) => reader.end());
      await from.close();
      for (const end of ends) {
        const { more, how } = await end;
        assert(how === 'end' && more === 0, `reading must end, but did with ${how}`);
      }
      for (const end of [from, to]) {
        await assertOutcome('sending', send(end, messageOf()), 'transport/closed');
      }
    }),
  );

  test(
    'payloads sent before closing arrive',
    bothWays(open, async (from, to) => {
      const payloads = Array.from({ length: 40 }, (_, n) => messageOf(n * 500));
      for (const payload of payloads) send(from, payload);
      const closing = from.close();
      const reader = new Reader(to);
      for (const payload of payloads) await assertNext(reader, payload, 'another came');
      assert((await reader.end()).how === 'end', 'the end is missing');
      await closing;
    }),
  );

  test(
    'closing and disposing twice is allowed',
    bothWays(open, async (from, to) => {
      await Promise.all([from.close(), from.close(), to.close()]);
      await from[asyncDisposeSymbol]();
      await from[asyncDisposeSymbol]();
      await to.close();
    }),
  );

  test(
    'a lost connection is reported to the reader, and to every sender that waits for an acknowledgement',
    bothWays(open, async (from, to, direction) => {
      const sending = send(from, messageOf());
      if (!acknowledged.includes(direction)) await sending;
      const reader = new Reader(to);
      const arrival = await reader.next();
      const own = new Reader(from).end();
      await lose(direction === 'left' ? 'right' : 'left');
      const { how } = await own;
      assert(how === 'transport/closed', `reading must end with transport/closed: ${how}`);
      if (acknowledged.includes(direction)) {
        await assertOutcome('sending', sending, 'transport/closed');
      }
      await assertOutcome('sending afterwards', send(from, messageOf()), 'transport/closed');
      assert((await reader.end()).how === 'transport/closed', 'the other end was not told');
      arrival.acknowledge();
    }),
  );

  if (!signals) return;

  test('a signal that is already aborted prevents opening, with its reason', async () => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    let got: unknown;
    try {
      await open({ maxPayloadBytes: [LARGEST, LARGEST], signal });
    } catch (error) {
      got = error;
    }
    assert(got === reason, `it was ${isProtocolError(got) ? got.code : 'something else'}`);
  });

  test('a signal closes the connection', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const ends = await open({ maxPayloadBytes: [LARGEST, LARGEST], signal });
    const readings = ends.map((end) => new Reader(end).end());
    controller.abort();
    for (const reading of readings) assert((await reading).how === 'end', 'it did not end');
    await assertOutcome('sending', send(ends[0], messageOf()), 'transport/closed');
    await ends[1].close();
  });
}
