import type { Clock } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import { isProtocolError, ProtocolError } from '@dimp/foundation';

/** Allowed deviation of a message's time, in milliseconds. */
export interface FreshnessPolicy {
  /** Maximum time in the future, because clocks differ. */
  readonly maxAhead: number;
  /** Maximum age: the time that stations keep messages, and a day more. */
  readonly maxAge: number;
}

/** 15 minutes ahead (spec §11.12), 8 days old: stations keep messages for 7 (spec §11.7). */
export const DEFAULT_FRESHNESS: FreshnessPolicy = /* @__PURE__ */ Object.freeze({
  maxAhead: 15 * 60_000,
  maxAge: 8 * 24 * 60 * 60_000,
});

/**
 * Refuses messages that are too old or too far in the future. The time of the envelope can be changed in transit. The time of the
 * content cannot if it is trusted (`Opening.timeTrusted`): with a replay memory that lasts longer than
 * {@link FreshnessPolicy.maxAge}, no such message is accepted twice. Messages without a trusted time stay in the replay memory for
 * ever (spec §11.12, §14.3 #28).
 */
export class Freshness {
  readonly #clock: Clock;
  readonly #policy: FreshnessPolicy;

  constructor(clock: Clock, policy: FreshnessPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /** Minimum time in milliseconds that an arrived message has to stay in the replay memory. */
  get retention(): number {
    return this.#policy.maxAge + 2 * this.#policy.maxAhead;
  }

  /** Checks the time of an envelope. Programs of 0.8 leave it out, which reads as 0. @throws `policy/expired` */
  checkEnvelope({ time }: Envelope): void {
    if (time !== 0) this.#check(time);
  }

  /** Checks the age only: whether a message is from the future depends on its content. @throws `policy/expired` */
  checkAge({ time }: Envelope): void {
    if (time !== 0) this.#checkAge(time);
  }

  /**
   * Checks the time of a content. Contents of 0.8 have none (spec §9.1), so the untrusted time of the envelope counts.
   *
   * @throws `policy/expired`
   */
  checkContent({ time: written }: Content, envelope: Envelope): void {
    const time = written ?? envelope.time;
    // If the envelope is dated far ahead of the content, someone else than the sender changed it.
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

/** Whether a message was refused because its sender dated it in the future. */
export function isAhead(error: unknown): boolean {
  return isProtocolError(error, 'policy/expired') && Object.hasOwn(error.details, 'ahead');
}

/** Returns the time in milliseconds until such a message can be accepted. */
export function waitOf(error: ProtocolError): number {
  return Number(error.details['wait'] ?? 0);
}
