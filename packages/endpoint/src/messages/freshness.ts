import type { Clock } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import { isProtocolError, ProtocolError } from '@dimp/foundation';

/** How far a message's time may be off, in milliseconds. */
export interface FreshnessPolicy {
  /** Into the future: clocks differ. */
  readonly maxAhead: number;
  /** Into the past: as long as stations keep messages, and a day more. */
  readonly maxAge: number;
}

/** 15 minutes ahead (spec §11.12), 8 days old: stations keep messages for 7 (spec §11.7). */
export const DEFAULT_FRESHNESS: FreshnessPolicy = /* @__PURE__ */ Object.freeze({
  maxAhead: 15 * 60_000,
  maxAge: 8 * 24 * 60 * 60_000,
});

/**
 * Refuses messages whose time is out of bounds. The envelope's time can be rewritten by anybody on the way. The content's
 * cannot if it is trusted (`Opening.timeTrusted`): together with a memory that lasts longer than
 * {@link FreshnessPolicy.maxAge}, no such message is taken twice. Those whose time is not trusted are never forgotten
 * (spec §11.12, §14.3 #28).
 */
export class Freshness {
  readonly #clock: Clock;
  readonly #policy: FreshnessPolicy;

  constructor(clock: Clock, policy: FreshnessPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /** How long a message has to be remembered, in milliseconds since its arrival. */
  get retention(): number {
    return this.#policy.maxAge + 2 * this.#policy.maxAhead;
  }

  /** @throws `policy/expired`; programs of 0.8 leave the envelope's time out, which reads as 0 */
  checkEnvelope({ time }: Envelope): void {
    if (time !== 0) this.#check(time);
  }

  /** {@link checkEnvelope} without the future, of which only the content tells. @throws `policy/expired` */
  checkAge({ time }: Envelope): void {
    if (time !== 0) this.#checkAge(time);
  }

  /**
   * @throws `policy/expired`. Contents of 0.8 have no time (spec §9.1): the envelope's counts, which proves nothing.
   */
  checkContent({ time: written }: Content, envelope: Envelope): void {
    const time = written ?? envelope.time;
    // Whoever has dated the envelope far ahead of the content is not the sender.
    const isTrue = (envelope.time - time) * 1000 <= this.#policy.maxAhead;
    this.#checkAhead(Math.max(time, envelope.time), isTrue);
    this.#checkAge(time);
  }

  /** @param time - seconds since the epoch */
  #check(time: number): void {
    this.#checkAhead(time, false);
    this.#checkAge(time);
  }

  #checkAhead(time: number, isTrue: boolean): void {
    const ahead = time * 1000 - this.#clock.now();
    if (ahead <= this.#policy.maxAhead) return;
    throw new ProtocolError('policy/expired', 'the time of the message is in the future', {
      details: isTrue ? { ahead, wait: ahead - this.#policy.maxAhead } : {},
    });
  }

  #checkAge(time: number): void {
    if (this.#clock.now() - time * 1000 <= this.#policy.maxAge) return;
    throw new ProtocolError('policy/expired', 'the message is too old');
  }
}

/** Whether a message was refused because its time has not come by our clock, as its sender says himself. */
export function isAhead(error: unknown): boolean {
  return isProtocolError(error, 'policy/expired') && Object.hasOwn(error.details, 'ahead');
}

/** How long such a message has to wait until it is taken in, in milliseconds. */
export function waitOf(error: ProtocolError): number {
  return Number(error.details['wait'] ?? 0);
}
