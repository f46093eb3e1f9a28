import { type Clock, isWaiting, type Logger } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { answersTo } from '@dimp/endpoint';
import { DocumentsCommand } from '@dimp/extensions/commands';
import { ANYONE, type ID } from '@dimp/mkm';
import type { Reply } from '../commands/reply.ts';
import type { Session } from '../session/session.ts';
import type { StationSigner } from '../session/station-signer.ts';

/** Minimum time between two challenges over one connection. */
const CHALLENGE_INTERVAL_MS = 5000;

/** Packs contents of the station itself, and sends them over connections. */
export class Answers {
  readonly #signer: StationSigner;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(signer: StationSigner, clock: Clock, logger: Logger) {
    this.#signer = signer;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Sends a content to a user. If the key to encrypt it with is unknown, the user is asked for their documents instead.
   *
   * @throws `format/limit`; `store/` codes
   */
  async send(session: Session, to: ID, draft: Draft): Promise<void> {
    const introduce = !session.introduced || draft.kind === 'handshake';
    const bytes = await this.#pack(draft, to, introduce);
    if (bytes === undefined)
      return this.challenge(session, ANYONE, DocumentsCommand.create({ did: to }));
    session.introduced = true;
    session.post(bytes);
  }

  /** Sends answers that are not known yet, unless the connection has ended by then. */
  later(session: Session, to: ID, answers: Promise<readonly Draft[]>): void {
    const { id } = this.#signer;
    const answering = async (): Promise<void> => {
      for (const { draft } of answersTo(to, id, id, await answers)) {
        if (!session.closed) await this.send(session, to, draft);
      }
    };
    answering().catch((error: unknown) => {
      const kind = error instanceof Error ? error.name : typeof error;
      this.#logger.warn('answer.failed', { kind });
    });
  }

  /**
   * Sends a demand, such as to log in. It costs the station more than the peer, so a connection gets few of them.
   *
   * @throws `store/` codes
   */
  async challenge(session: Session, to: ID, draft: Draft): Promise<void> {
    const now = this.#clock.now();
    if (session.challengedAt > now - CHALLENGE_INTERVAL_MS && session.challengedAt <= now) return;
    session.challengedAt = now;
    const bytes =
      (await this.#pack(draft, to, true)) ??
      (await this.#pack(DocumentsCommand.create({ did: to }), ANYONE, true));
    if (bytes !== undefined) session.post(bytes);
  }

  async #pack(draft: Draft, to: ID, introduce: boolean): Promise<Uint8Array | undefined> {
    const bytes = await this.#signer.pack(this.#signer.stamp(draft, (draft as Reply).extra), to, {
      introduce,
    });
    return isWaiting(bytes) ? undefined : bytes;
  }
}
