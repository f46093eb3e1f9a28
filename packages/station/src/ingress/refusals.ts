import type { Logger } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { receiptFor } from '@dimp/extensions/commands';
import { ANYONE } from '@dimp/mkm';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import type { Notice, Refusal } from '../receipts/notice.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { Session } from '../session/session.ts';
import type { Answers } from './answers.ts';
import { kindOf, Refused, refusalOf } from './refused.ts';

/** Options for {@link Refusals}. */
export interface RefusalsOptions {
  readonly answers: Answers;
  readonly receipts: Receipts;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  readonly limiter: RateLimiter;
}

/** Payloads of a session that may be malformed; one more ends the connection. */
export const MAX_FAULTS = 16;

/** Counts, logs and answers what the ingress refuses. */
export class Refusals {
  readonly #options: RefusalsOptions;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Refuses a payload or text that is not a message. Before login, the first one ends the connection. */
  malformed(session: Session, error: unknown): void {
    session.faults += 1;
    void this.refuse(session, error, undefined);
    if (session.user === undefined || session.faults > MAX_FAULTS) session.close();
  }

  /**
   * Refuses a message, or everything from a connection that is not logged in.
   *
   * @param notice - what the receipt names; undefined if no message could be read
   */
  async refuse(session: Session, error: unknown, notice: Notice | undefined): Promise<void> {
    const { metrics, logger, receipts } = this.#options;
    const refused = refusalOf(error);
    // A fault of ours. Only its kind is logged: its message may quote what it failed on.
    if (refused === undefined) logger.error('ingress.failed', { kind: kindOf(error) });
    else logger.debug('ingress.refused', { code: refused.code, session: session.id });
    const { code, text } = refused ?? new Refused('state/not-ready');
    metrics.add('messages.refused', 1);
    metrics.refused(code);
    if (session.neighbour) return;
    if (session.user !== undefined) receipts.refuse(session.user, notice, { code, text });
    else if (code === 'policy/rate-limited') {
      await this.#tellStranger(session, notice, { code, text });
      // The client may come back later.
      session.finish();
    } else if (code === 'policy/expired' && this.#paysHandshake(session)) {
      // The clock of the client is wrong, or ours. Without an answer the station would look broken.
      await this.#tellStranger(session, notice, { code, text });
    }
  }

  /** Charges the signature of an answer. @returns false if the address has used up its handshakes */
  #paysHandshake({ remote }: Session): boolean {
    try {
      this.#options.limiter.handshake(remote.address);
      return true;
    } catch {
      return false;
    }
  }

  /** Tells a client that is not logged in, in the clear, why a message is refused. Never throws. */
  async #tellStranger(
    session: Session,
    notice: Notice | undefined,
    { code, text }: Refusal,
  ): Promise<void> {
    const draft: Draft =
      notice === undefined
        ? { kind: 'receipt', body: { text, code } }
        : receiptFor(notice.envelope, text, { signature: notice.signature, code });
    try {
      await this.#options.answers.challenge(session, ANYONE, draft);
    } catch {
      // The client cannot be told.
    }
  }
}
