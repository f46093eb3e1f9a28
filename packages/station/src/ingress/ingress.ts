import { type Arrival, readPayload, type Transceiver } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { DocumentsCommand } from '@dimp/extensions/commands';
import { utf8Encode } from '@dimp/foundation';
import { ANYONE, EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { GroupCommit } from '../inbox/group-commit.ts';
import type { StoreHealth } from '../inbox/store-health.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import { type Notice, noticeOf } from '../receipts/notice.ts';
import type { Handshakes } from '../session/handshakes.ts';
import type { Session } from '../session/session.ts';
import type { Answers } from './answers.ts';
import type { CommandIntake } from './command-intake.ts';
import { PayloadAck } from './payload-ack.ts';
import type { PendingSenders } from './pending-senders.ts';
import { MAX_FAULTS, type Refusals } from './refusals.ts';
import { isStoreFailure, Refused, refusalOf } from './refused.ts';
import type { Relay } from './relay.ts';
import type { Router } from './router.ts';
import type { Throttle } from './throttle.ts';
import { checkUnambiguous } from './unambiguous.ts';

/** Options for {@link Ingress}. */
export interface IngressOptions {
  readonly transceiver: Transceiver;
  readonly handshakes: Handshakes;
  readonly router: Router;
  readonly relay: Relay;
  readonly commands: CommandIntake;
  readonly answers: Answers;
  readonly refusals: Refusals;
  readonly pendingSenders: PendingSenders;
  readonly commits: GroupCommit;
  readonly limiter: RateLimiter;
  readonly throttle: Throttle;
  readonly metrics: StationMetrics;
  readonly storeHealth: StoreHealth;
}

/** Payloads of a session that may be on their way to the disk; then the session has to wait. */
const MAX_UNSETTLED = 1024;
/** Longest refused message, in bytes, that is parsed only to name it in the receipt. */
const MAX_PARSED_FOR_RECEIPT = 64 * 1024;

/** Takes in what connections send: one message after the other, in order of arrival. */
export class Ingress {
  readonly #options: IngressOptions;

  constructor(options: IngressOptions) {
    this.#options = options;
  }

  /** See {@link CommandIntake.login}. */
  login(session: Session, user: ID): void {
    this.#options.commands.login(session, user);
  }

  /** Takes in a payload. It is acknowledged later, when everything it brought is on the disk. Never throws. */
  async receive(session: Session, arrival: Arrival): Promise<void> {
    session.payloadStarted();
    const ack = new PayloadAck(arrival, () => session.payloadSettled());
    const texts = await this.#messagesOf(session, arrival.payload);
    for (const [index, text] of texts.entries()) {
      if (session.closed) break;
      // The first message was charged for together with the bytes of the payload.
      if (index > 0 && !(await this.#mayTake(session, text, 0))) continue;
      // A payload with one message is that message, unless it has white space around it.
      const isWhole = texts.length === 1 && text.length === arrival.payload.length;
      const bytes = isWhole ? arrival.payload : utf8Encode(text);
      await this.#take(session, text, bytes, ack);
    }
    ack.settle();
    const room = this.#options.commits.room();
    if (room !== undefined) await room;
    if (session.unsettled >= MAX_UNSETTLED) await session.waitBelow(MAX_UNSETTLED);
  }

  /** The texts of the messages in a payload. Nothing is parsed before the limits have granted it. */
  async #messagesOf(session: Session, payload: Uint8Array): Promise<readonly string[]> {
    if (!(await this.#mayTake(session, payload, payload.length))) return [];
    try {
      const read = readPayload(payload);
      if (read.kind === 'ping') session.post(utf8Encode(read.reply));
      return read.kind === 'messages' ? read.messages : [];
    } catch (error) {
      this.#options.refusals.malformed(session, error);
      return [];
    }
  }

  /**
   * Whether the limits of a connection grant a payload, or one more message of it. A refusal is answered here.
   *
   * @param bytes - length of the payload; 0 for a further message of one that was granted
   */
  async #mayTake(session: Session, said: string | Uint8Array, bytes: number): Promise<boolean> {
    try {
      await this.#options.throttle.message(session, bytes);
      return true;
    } catch (error) {
      await this.#options.refusals.refuse(session, error, this.#noticeOf(session, said));
      return false;
    }
  }

  /** What the receipt for a refused message names. A long message is not parsed for it, and parsing is charged. */
  #noticeOf({ user, remote }: Session, said: string | Uint8Array): Notice | undefined {
    const { limiter, transceiver } = this.#options;
    if (user === undefined || said.length > MAX_PARSED_FOR_RECEIPT) return undefined;
    try {
      limiter.verifications(remote.address, undefined, 1);
      return noticeOf(transceiver.deserialize(said));
    } catch {
      return undefined;
    }
  }

  /** @param text - the bytes, decoded */
  async #take(session: Session, text: string, bytes: Uint8Array, ack: PayloadAck): Promise<void> {
    const { transceiver, metrics, limiter } = this.#options;
    metrics.add('messages.received', 1);
    let message: ReliableMessage | undefined;
    try {
      if (bytes.length > limiter.limits.messageBytes) throw new Refused('format/limit');
      // From the text: the bytes were decoded already to find the end of the message.
      message = transceiver.deserialize(text);
      checkUnambiguous(text, message.wire);
      if (await this.#isExpected(session, message)) {
        await this.#process(session, message, bytes, ack);
      } else ack.refuse();
    } catch (error) {
      this.#failed(session, message, ack, error);
    }
  }

  /**
   * Whether a message may come over a connection. Before login only messages to the station may; after it, those of the
   * user, or everything that a neighbour relays (spec §11.6, §14.1 #8).
   *
   * @throws a refusal
   */
  async #isExpected(session: Session, { envelope }: ReliableMessage): Promise<boolean> {
    const { router, handshakes, answers, refusals } = this.#options;
    const { user } = session;
    if (user === undefined) {
      if (router.destination(envelope.receiver) === 'station') return true;
      const demand = handshakes.demand(envelope.sender, session);
      await answers.challenge(session, envelope.sender, demand);
      return false;
    }
    if (session.neighbour || sameEntity(envelope.sender, user)) return true;
    const refused = new Refused('policy/unauthorized');
    session.faults += 1;
    if (user.type !== EntityType.Station && session.faults <= MAX_FAULTS) throw refused;
    // A station that is not a neighbour of ours: its users' messages must stay there. Others do not stop either.
    await refusals.refuse(session, refused, undefined);
    session.close();
    return false;
  }

  async #process(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
  ): Promise<void> {
    const outcome = await this.#options.relay.process(session, message, bytes, ack);
    if (outcome === 'unknown-sender') await this.#unknownSender(session, message, bytes, ack);
  }

  /**
   * Asks a connection for the meta and visa of its user, who has to send the message again; or a neighbour for those of a
   * sender it relays for. The question is not encrypted, because the key to encrypt with is still unknown: it contains no
   * secret.
   *
   * @throws a refusal if the sender is another user, or the neighbour cannot be asked
   */
  async #unknownSender(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
  ): Promise<void> {
    const { sender } = message.envelope;
    const { user, neighbour } = session;
    if (user !== undefined && !sameEntity(user, sender)) {
      const resume = (found: boolean): Promise<void> =>
        this.#resume(session, message, bytes, ack, found);
      if (neighbour && this.#options.pendingSenders.hold(sender, user, ack, resume)) return;
      throw new Refused('identity/not-found');
    }
    ack.refuse();
    const question = DocumentsCommand.create({ did: sender });
    await this.#options.answers.challenge(session, ANYONE, question);
  }

  async #resume(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
    found: boolean,
  ): Promise<void> {
    try {
      if (!found) throw new Refused('identity/not-found');
      await this.#process(session, message, bytes, ack);
    } catch (error) {
      this.#failed(session, message, ack, error);
    }
  }

  #failed(
    session: Session,
    message: ReliableMessage | undefined,
    ack: PayloadAck,
    error: unknown,
  ): void {
    const { refusals, storeHealth } = this.#options;
    if (isStoreFailure(error)) {
      // The sender has to send it again when the store works.
      ack.refuse();
      storeHealth.report(error);
    } else if (message === undefined && refusalOf(error) !== undefined) {
      refusals.malformed(session, error);
    } else {
      // A plug-in that throws while the message is parsed is not a fault of the connection.
      const notice = message === undefined ? undefined : noticeOf(message);
      void refusals.refuse(session, error, notice);
    }
  }
}
