import type { Arrival, Transport } from '@dimp/core';
import { encodeHex, equalBytes, isProtocolError, randomBytes, utf8Encode } from '@dimp/foundation';
import { assert } from './assert.ts';

/** Both ends of a connection. */
export type TransportPair = readonly [left: Transport, right: Transport];

/** Options for {@link OpenPair}. */
export interface PairRequest {
  /** Longest payload of each end, in bytes. */
  readonly maxPayloadBytes: readonly [left: number, right: number];
  /** Closes the left end. */
  readonly signal?: AbortSignal;
}

/** Opens a new connection. */
export type OpenPair = (request: PairRequest) => Promise<TransportPair>;

/** Options of `transportCompliance`. */
export interface TransportComplianceOptions {
  /** Opens a new connection for every call. */
  readonly open: OpenPair;
  /** Breaks the connection of an end without closing it properly. */
  readonly lose: (end: 'left' | 'right') => void | Promise<void>;
  /**
   * The ends whose `send` waits until the other end has called `acknowledge`. It applies to messages with a signature, after
   * any others that `open` has exchanged.
   */
  readonly acknowledged: readonly ('left' | 'right')[];
  /** The ends that stop reading from the network while their reader pauses; both by default. */
  readonly pausing?: readonly ('left' | 'right')[];
  /** Whether `open` respects its signal. */
  readonly signals: boolean;
}

/** Longest payload of the suite, in bytes. */
export const LARGEST: number = 1024 * 1024;

/** Reader of one end. */
export class Reader {
  readonly #iterator: AsyncIterator<Arrival>;

  constructor(transport: Transport) {
    this.#iterator = transport.incoming[Symbol.asyncIterator]();
  }

  /** The next payload. The test fails if there is none. */
  async next(): Promise<Arrival> {
    const { done, value } = await this.#iterator.next();
    assert(done !== true, 'a payload was expected, but the connection has ended');
    return value;
  }

  /** The next payload, after acknowledging it. */
  async take(): Promise<Uint8Array> {
    const arrival = await this.next();
    arrival.acknowledge();
    return arrival.payload;
  }

  /** How the connection ends (`end` or an error code), and after how many more payloads. */
  async end(): Promise<{ readonly more: number; readonly how: string }> {
    for (let more = 0; ; more++) {
      try {
        if ((await this.#iterator.next()).done) return { more, how: 'end' };
      } catch (error) {
        return { more, how: isProtocolError(error) ? error.code : 'another error' };
      }
    }
  }
}

/** A unique payload that looks like a message.
 *
 * @param length - in bytes, at least 75 */
export function messageOf(length = 0): Uint8Array {
  const head = `{"time":1700000000.5,"signature":"${encodeHex(randomBytes(12))}","data":"`;
  return utf8Encode(`${head}${'x'.repeat(Math.max(0, length - head.length - 2))}"}`);
}

/** Sends a payload. A failure is handled even if the test ends early. */
export function send(transport: Transport, payload: Uint8Array): Promise<void> {
  const sending = transport.send(payload);
  sending.catch(() => undefined);
  return sending;
}

/** How a call ended: `done`, an error code, or `pending` after a while. */
export async function outcome(call: Promise<unknown>, patience = 150): Promise<string> {
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('pending'), patience);
  });
  const done = call.then(
    () => 'done',
    (error: unknown) => (isProtocolError(error) ? error.code : 'another error'),
  );
  return await Promise.race([done, late]);
}

/** Asserts how a call ends within a few seconds. */
export async function assertOutcome(
  what: string,
  call: Promise<unknown>,
  expected: string,
): Promise<void> {
  const got = await outcome(call, 10_000);
  assert(got === expected, `${what} must end with ${expected}, but did with ${got}`);
}

/** Asserts the next payload of a reader. */
export async function assertNext(
  reader: Reader,
  expected: Uint8Array,
  message: string,
): Promise<void> {
  assert(equalBytes(await reader.take(), expected), message);
}

/** Runs a test over both directions of a new connection, one after the other, and closes it. */
export function bothWays(
  open: OpenPair,
  run: (from: Transport, to: Transport, direction: 'left' | 'right') => Promise<void>,
): () => Promise<void> {
  return async () => {
    for (const direction of ['left', 'right'] as const) {
      const [left, right] = await open({ maxPayloadBytes: [LARGEST, LARGEST] });
      try {
        await (direction === 'left' ? run(left, right, direction) : run(right, left, direction));
      } finally {
        await Promise.all([left.close(), right.close()]);
      }
    }
  };
}
