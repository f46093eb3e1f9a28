import { concatBytes, equalBytes, utf8Encode } from '@dimp/foundation';
import { assert, type TestFunction } from './assert.ts';
import { registerTransportEndings } from './transport-endings.ts';
import {
  assertNext,
  assertOutcome,
  bothWays,
  LARGEST,
  messageOf,
  outcome,
  Reader,
  send,
  type TransportComplianceOptions,
} from './transport-suite.ts';

/** Sizes around those at which framing changes. */
const SIZES = [1, 2, 3, 5, 125, 126, 127, 4096, 65_535, 65_536, 65_537, LARGEST];

/** UTF-8 payloads with characters and words that can confuse framing and line readers. */
const TEXTS = [
  '{"text":"a\\nb\\r\\nc\\u0000"}',
  '{"text":"\u2028\u2029\u0085 🐢 e\u0301 \u{10ffff}"}',
  '{"a":1}\n{"b":2}\r\n\n{"c":"DIM"}',
  'DIMB',
  '{"signature":"PING"}',
  '\ufeff{}',
];

/**
 * Registers the tests that every transport must pass.
 *
 * @param test - how the test framework registers a test
 */
export function transportCompliance(test: TestFunction, options: TransportComplianceOptions): void {
  const { open, acknowledged, pausing = ['left', 'right'] } = options;

  test(
    'payloads of any size arrive unchanged',
    bothWays(open, async (from, to) => {
      const reader = new Reader(to);
      for (const size of SIZES) {
        const payload = size < 100 ? utf8Encode('1'.repeat(size)) : messageOf(size);
        const sending = send(from, payload);
        await assertNext(reader, payload, `other bytes came for ${size}`);
        await assertOutcome(`sending ${size} bytes`, sending, 'done');
      }
    }),
  );

  test(
    'texts with line ends, emoji and words of the framing arrive unchanged',
    bothWays(open, async (from, to) => {
      const reader = new Reader(to);
      for (const text of TEXTS) {
        const sending = send(from, utf8Encode(text));
        await assertNext(reader, utf8Encode(text), `other bytes came for ${JSON.stringify(text)}`);
        await assertOutcome('sending', sending, 'done');
      }
    }),
  );

  test(
    'an empty payload is accepted, and nothing arrives',
    bothWays(open, async (from, to) => {
      const reader = new Reader(to);
      const empty = send(from, concatBytes());
      const payload = messageOf();
      const sending = send(from, payload);
      await assertNext(reader, payload, 'something else came before');
      await assertOutcome('sending nothing', empty, 'done');
      await assertOutcome('sending', sending, 'done');
    }),
  );

  test('many payloads at once arrive in order, in both directions', async () => {
    const [left, right] = await open({ maxPayloadBytes: [LARGEST, LARGEST] });
    const payloads = Array.from({ length: 600 }, (_, n) => messageOf((n * 7919) % 3000));
    const sendings = [left, right].flatMap((end) => payloads.map((payload) => send(end, payload)));
    await Promise.all(
      [left, right].map(async (end) => {
        const reader = new Reader(end);
        for (const payload of payloads) await assertNext(reader, payload, 'another came');
      }),
    );
    await assertOutcome('sending', Promise.all(sendings), 'done');
    await Promise.all([left.close(), right.close()]);
  });

  test(
    'sent bytes are copied, and received bytes do not change later',
    bothWays(open, async (from, to) => {
      const reader = new Reader(to);
      const originals = Array.from({ length: 50 }, () => messageOf(5000));
      const sendings = originals.map((original) => {
        const payload = new Uint8Array(original);
        const sending = send(from, payload);
        payload.fill(0x20);
        return sending;
      });
      const arrived: Uint8Array[] = [];
      while (arrived.length < originals.length) arrived.push(await reader.take());
      await Promise.all(sendings);
      for (const [index, original] of originals.entries()) {
        assert(equalBytes(arrived[index] ?? concatBytes(), original), 'bytes were changed later');
      }
    }),
  );

  test('a payload that is too long is not sent, and the next one is', async () => {
    const [left, right] = await open({ maxPayloadBytes: [1000, 1000] });
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      await assertOutcome('sending too much', send(from, messageOf(1001)), 'format/limit');
      const payload = messageOf(1000);
      const sending = send(from, payload);
      await assertNext(new Reader(to), payload, 'other bytes came');
      await assertOutcome('sending', sending, 'done');
    }
    await Promise.all([left.close(), right.close()]);
  });

  test('a peer that sends more than allowed loses the connection', async () => {
    for (const direction of [0, 1] as const) {
      const ends = await open({
        maxPayloadBytes: direction === 0 ? [LARGEST, 1000] : [1000, LARGEST],
      });
      const [from, to] = direction === 0 ? ends : ([ends[1], ends[0]] as const);
      const reading = new Reader(to).end();
      const sending = send(from, messageOf(1001));
      const { more, how } = await reading;
      assert(how === 'format/limit', `reading must end with format/limit, but did with ${how}`);
      assert(more === 0, 'it was delivered');
      await outcome(sending, 10_000);
      await new Reader(from).end();
      await assertOutcome('sending afterwards', send(from, messageOf()), 'transport/closed');
      await Promise.all(ends.map((end) => end.close()));
    }
  });

  test(
    'sending ends when the other end acknowledges, for each payload and in any order, where the transport can',
    bothWays(open, async (from, to, direction) => {
      const reader = new Reader(to);
      const sendings = Array.from({ length: 3 }, () => send(from, messageOf()));
      const [first, second, third] = sendings;
      const arrivals = [await reader.next(), await reader.next(), await reader.next()];
      if (acknowledged.includes(direction)) {
        assert((await outcome(Promise.race(sendings))) === 'pending', 'it did not wait');
        arrivals[2]?.acknowledge();
        arrivals[2]?.acknowledge();
        await assertOutcome('what is acknowledged', third ?? Promise.reject(), 'done');
        const others = [first, second].map((sending) => sending ?? Promise.resolve());
        assert((await outcome(Promise.race(others))) === 'pending', 'another one counted too');
        arrivals[0]?.acknowledge();
        arrivals[1]?.acknowledge();
      }
      await assertOutcome('sending', Promise.all(sendings), 'done');
      for (const arrival of arrivals) arrival.acknowledge();
    }),
  );

  test(
    'a reader may stop, and another one continues at the same place',
    bothWays(open, async (from, to) => {
      const payloads = [messageOf(), messageOf(), messageOf()];
      const sendings = payloads.map((payload) => send(from, payload));
      for (const payload of payloads.slice(0, 2)) {
        for await (const arrival of to.incoming) {
          assert(equalBytes(arrival.payload, payload), 'another came');
          arrival.acknowledge();
          break;
        }
      }
      await assertNext(new Reader(to), payloads[2] ?? concatBytes(), 'another came');
      await assertOutcome('sending', Promise.all(sendings), 'done');
    }),
  );

  test(
    'while the receiver does not read, the sender waits, and nothing is lost',
    bothWays(open, async (from, to, direction) => {
      if (!pausing.includes(direction === 'left' ? 'right' : 'left')) return;
      // More than the buffers of the system and the transport hold.
      const payloads = Array.from({ length: 40 }, () => messageOf(LARGEST));
      let sent = 0;
      const sendings = payloads.map(async (payload) => {
        await send(from, payload);
        sent += 1;
      });
      await outcome(Promise.all(sendings), 500);
      assert(sent < payloads.length, 'everything was sent although nothing was read');
      const reader = new Reader(to);
      for (const payload of payloads) await assertNext(reader, payload, 'another came');
      await assertOutcome('sending', Promise.all(sendings), 'done');
    }),
  );

  registerTransportEndings(test, options);
}
