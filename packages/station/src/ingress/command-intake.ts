import { isWaiting, type Transceiver } from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
import { answersTo, type Freshness, type HandshakeBody, unsupportedReceipt } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { CommandProcessor, StationCommand } from '../commands/command.ts';
import type { Neighbours } from '../federation/neighbours.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import type { Handshakes } from '../session/handshakes.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Answers } from './answers.ts';
import { decryptCommand } from './command-decryption.ts';
import type { Throttle } from './throttle.ts';
import { payForSignatures } from './verifier.ts';

/** Options for {@link CommandIntake}. */
export interface CommandIntakeOptions {
  /** The station. */
  readonly id: ID;
  readonly transceiver: Transceiver;
  readonly freshness: Freshness;
  readonly answers: Answers;
  readonly handshakes: Handshakes;
  readonly sessions: Sessions;
  readonly limiter: RateLimiter;
  readonly throttle: Throttle;
  readonly metrics: StationMetrics;
  readonly commands: CommandProcessor | undefined;
  readonly neighbours: Neighbours | undefined;
}

/** Decrypts and answers what is addressed to the station: handshakes, commands, contents of applications. */
export class CommandIntake {
  readonly #options: CommandIntakeOptions;

  constructor(options: CommandIntakeOptions) {
    this.#options = options;
  }

  /**
   * Decrypts a message for the station, and answers it.
   *
   * @returns `unknown-sender` if the meta of the sender has to arrive first
   * @throws a refusal; `store/` codes
   */
  async process(session: Session, message: ReliableMessage): Promise<'done' | 'unknown-sender'> {
    const { transceiver, metrics, limiter, throttle, answers, handshakes } = this.#options;
    const { sender } = message.envelope;
    const isStranger = session.user === undefined;
    // Before login, each message to the station counts as a handshake: finding out what it is costs as much.
    if (isStranger) limiter.handshake(session.remote.address);
    else {
      await payForSignatures(transceiver, message, (key, count) =>
        throttle.verifications(session, key, count),
      );
    }
    await this.admitIdentity(session, message);
    const verified = await transceiver.verify(message);
    if (isWaiting(verified)) return 'unknown-sender';
    const { envelope, content, opening } = await decryptCommand(verified, this.#options);
    metrics.add('commands', 1);
    const later = (drafts: Promise<readonly Draft[]>): void =>
      answers.later(session, sender, drafts);
    const command: StationCommand = { envelope, content, message, opening, session, later };
    if (content.kind === 'handshake') {
      if (!isStranger) limiter.handshake(session.remote.address);
      const outcome = handshakes.process(command as StationCommand<HandshakeBody>, session);
      for (const draft of outcome.answers) await answers.send(session, sender, draft);
      if (outcome.login !== undefined) this.login(session, outcome.login);
      return 'done';
    }
    for (const draft of await this.#answersTo(command)) await answers.send(session, sender, draft);
    return 'done';
  }

  /** Logs a user in over a session. For a trusted station, the session becomes a line to a neighbour. */
  login(session: Session, user: ID): void {
    const { sessions, neighbours, commands, answers } = this.#options;
    sessions.login(session, user, neighbours?.trusts(user) ?? false);
    commands?.loggedIn?.(user);
    if (!session.neighbour) return;
    neighbours?.joined?.({
      id: session.id,
      station: user,
      send: (payload) => session.send(payload),
      sendDraft: (draft) => answers.send(session, user, draft),
      close: () => session.close(),
    });
  }

  /**
   * Asks the directory for room before the meta of a message is kept: it would be kept for good (spec §14.4 #40).
   *
   * @throws `policy/rate-limited`
   */
  async admitIdentity(session: Session, { envelope, meta }: ReliableMessage): Promise<void> {
    if (meta === undefined) return;
    const address = session.neighbour ? undefined : session.remote.address;
    const neighbour = session.neighbour ? session.user : undefined;
    await this.#options.commands?.admit?.(envelope.sender, address, neighbour);
  }

  async #answersTo(command: StationCommand): Promise<readonly Draft[]> {
    const { envelope, content, message } = command;
    // These include receipts for broadcasts, such as the one for a login (spec §11.7).
    const answers = await this.#options.commands?.process(command);
    if (answers !== undefined) return answers;
    // A receipt is never answered, and a broadcast need not be understood by every station (spec §11.5).
    if (content.kind === 'receipt' || envelope.receiver.isGroup) return [];
    const { id } = this.#options;
    const unsupported = unsupportedReceipt(envelope, content as Content, message.signature);
    return answersTo(envelope.sender, id, id, [unsupported]).map(({ draft }) => draft);
  }
}
