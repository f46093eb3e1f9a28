import { hash } from 'node:crypto';
import { equalBytes, ProtocolError } from '@dimp/foundation';
import { hasTransactionId, type MtpFrame } from '../mtp/frame.ts';
import { idKey } from './id-key.ts';

/** Most acknowledged ids that are remembered. */
const MAX_DONE = 64;
/** Milliseconds for which they are remembered: longer than a peer repeats, with 120 s between attempts (spec §12.3). */
const DONE_AGE_MS = 300_000;
/** Most payloads from fragments that the reader has not acknowledged. */
const MAX_ABANDONED = 1024;

/** A payload that was delivered and is not acknowledged yet. */
interface Waiting {
  readonly payload: Uint8Array;
  /** Index of the fragment whose acknowledgement is held. */
  readonly index: number;
}

/** A payload that was acknowledged. */
interface Done {
  readonly digest: string;
  readonly at: number;
}

/**
 * Recognises payloads that a peer repeats. A payload must not be acknowledged too early, and an acknowledged one must
 * not be delivered twice. If a peer uses an id for another payload, that counts as new.
 */
export class ArrivalIDs {
  /** Made when first needed: a server holds many connections on which nothing happens. */
  #waiting: Map<string, Waiting> | undefined;
  #done: Map<string, Done> | undefined;
  #abandoned = 0;

  /**
   * Decides what to do with a payload: deliver it, wait for the acknowledgement of the one delivered before, or
   * acknowledge it again. A payload to deliver is remembered until it is acknowledged.
   *
   * @param frame - package that brought it, or completed it
   */
  classify(frame: MtpFrame, payload: Uint8Array): 'deliver' | 'waiting' | 'done' {
    if (!hasTransactionId(frame)) return 'deliver';
    const key = idKey(frame.id);
    const waiting = this.#waiting?.get(key);
    if (waiting !== undefined && equalBytes(waiting.payload, payload)) return 'waiting';
    const done = this.#done?.get(key);
    if (done !== undefined && done.digest === digestOf(payload)) return 'done';
    this.#waiting ??= new Map();
    this.#waiting.set(key, { payload, index: frame.index });
    return 'deliver';
  }

  /** Whether the acknowledgement of a repeated fragment has to wait for that of the payload that it has completed. */
  holds(frame: MtpFrame): boolean {
    return this.#waiting?.get(idKey(frame.id))?.index === frame.index;
  }

  acknowledged(frame: MtpFrame, payload: Uint8Array, now: number): void {
    if (!this.#forget(frame, payload) || frame.type === 'fragment') return;
    this.#done ??= new Map();
    const key = idKey(frame.id);
    this.#done.delete(key);
    this.#done.set(key, { digest: digestOf(payload), at: now });
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= MAX_DONE) break;
      this.#done.delete(oldest);
    }
  }

  /**
   * Forgets a payload that the reader has not acknowledged, so that it is delivered when the peer repeats it. A payload
   * from fragments cannot be repeated, because most of its fragments are acknowledged; its last one never will be.
   *
   * @throws `format/limit` for too many such payloads from fragments
   */
  abandoned(frame: MtpFrame, payload: Uint8Array): void {
    if (!this.#forget(frame, payload) || frame.type !== 'fragment') return;
    this.#abandoned += 1;
    if (this.#abandoned > MAX_ABANDONED) {
      throw new ProtocolError(
        'format/limit',
        'too many payloads in fragments were not acknowledged',
      );
    }
    this.#waiting ??= new Map();
    this.#waiting.set(idKey(frame.id), { payload: GONE, index: frame.index });
  }

  sweep(now: number): void {
    if (this.#done === undefined) return;
    for (const [key, { at }] of this.#done) {
      if (now - at <= DONE_AGE_MS) return;
      this.#done.delete(key);
    }
    this.#done = undefined;
  }

  #forget(frame: MtpFrame, payload: Uint8Array): boolean {
    const key = idKey(frame.id);
    if (this.#waiting?.get(key)?.payload !== payload) return false;
    this.#waiting.delete(key);
    if (this.#waiting.size === 0) this.#waiting = undefined;
    return true;
  }
}

const GONE: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

function digestOf(payload: Uint8Array): string {
  return hash('sha256', payload, 'base64');
}
