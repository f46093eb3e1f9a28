import {
  type Arrival,
  type Clock,
  isWaiting,
  type Logger,
  readPayload,
  type Timers,
  type Transceiver,
} from '@dimp/core';
import {
  type Content,
  type Draft,
  type Envelope,
  type ReliableMessage,
  withoutStationMembers,
} from '@dimp/dkd';
import { answersTo, type Freshness, type HandshakeBody, unsupportedReceipt } from '@dimp/endpoint';
import { DocumentsCommand, receiptFor } from '@dimp/extensions/commands';
import { stringifyJson, utf8Encode } from '@dimp/foundation';
import { ANYONE, EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { CommandProcessor, StationCommand } from '../commands/command.ts';
import type { GroupCommit } from '../inbox/group-commit.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { VerifyKey } from '../limits/verification-cost.ts';
import type { StationMetrics } from '../metrics.ts';
import { evaluatePolicy, type Policy, type Refusal } from '../policy.ts';
import { type Notice, noticeOf } from '../receipts/notice.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { Handshakes } from '../session/handshakes.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { StationSigner } from '../session/station-signer.ts';
import type { Neighbours } from '../station-options.ts';
import { Answers } from './answers.ts';
import { decryptCommand } from './command-decryption.ts';
import { PayloadAck } from './payload-ack.ts';
import { PendingSenders } from './pending-senders.ts';
import { isStoreFailure, kindOf, Refused, refusalOf } from './refused.ts';
import type { Router } from './router.ts';
import type { Throttle } from './throttle.ts';
import { checkUnambiguous } from './unambiguous.ts';
import { payForSignatures, verifyRelayed } from './verifier.ts';

/** What an {@link Ingress} is made with. */
export interface IngressOptions {
  readonly transceiver: Transceiver;
  readonly signer: StationSigner;
  readonly sessions: Sessions;
  readonly handshakes: Handshakes;
  readonly router: Router;
  readonly receipts: Receipts;
  readonly commits: GroupCommit;
  readonly freshness: Freshness;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  readonly limiter: RateLimiter;
  readonly throttle: Throttle;
  readonly timers: Timers;
  readonly commands: CommandProcessor | undefined;
  readonly neighbours: Neighbours | undefined;
  readonly policy: Policy | undefined;
  /** Told when the store refuses to read or to write. */
  readonly onStoreFailure: (error: unknown) => void;
}

/** Payloads of one session that are on their way to the disk; then it has to wait. */
const MAX_UNSETTLED = 1024;
/** Payloads that were no messages; who sends more of them is cut off. */
const MAX_FAULTS = 16;

/** Longest message that is read for no more than telling its sender that it was not taken, in bytes. */
const MAX_UNPAID = 64 * 1024;

/** Takes in what connections send: one message after the other, in the order in which they come. */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #answers: Answers;
  readonly #pendingSenders: PendingSenders;
  readonly #throttle: Throttle;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#answers = new Answers(options.signer, options.clock, options.logger);
    this.#pendingSenders = new PendingSenders(options.neighbours);
    this.#throttle = options.throttle;
  }

  /** Somebody has proven who he is. */
  login(session: Session, user: ID): void {
    const { sessions, neighbours, commands } = this.#options;
    sessions.login(session, user, neighbours?.trusts(user) ?? false);
    commands?.loggedIn?.(user);
    if (!session.neighbour) return;
    neighbours?.joined?.({
      id: session.id,
      station: user,
      send: (payload) => session.send(payload),
      sendDraft: (draft) => this.#answers.send(session, user, draft),
      close: () => session.close(),
    });
  }

  /** Takes in a payload. It is acknowledged later, when all that came of it is on the disk. Never throws. */
  async receive(session: Session, arrival: Arrival): Promise<void> {
    session.payloadStarted();
    const ack = new PayloadAck(arrival, () => session.payloadSettled());
    const texts = await this.#messages(session, arrival.payload);
    for (const [index, text] of texts.entries()) {
      if (session.closed) break;
      // The first of a payload was paid for with its bytes.
      if (index > 0 && !(await this.#mayTake(session, text, 0))) continue;
      // A payload of one message is that message, unless something had to be trimmed.
      const whole = texts.length === 1 && text.length === arrival.payload.length;
      const bytes = whole ? arrival.payload : utf8Encode(text);
      await this.#take(session, text, bytes, ack);
    }
    ack.settle();
    const room = this.#options.commits.room();
    if (room !== undefined) await room;
    if (session.unsettled >= MAX_UNSETTLED) await session.waitBelow(MAX_UNSETTLED);
  }

  /** What it says is looked at when it has been paid for. */
  async #messages(session: Session, payload: Uint8Array): Promise<readonly string[]> {
    if (!(await this.#mayTake(session, payload, payload.length))) return [];
    try {
      const read = readPayload(payload);
      if (read.kind === 'ping') session.post(utf8Encode(read.reply));
      return read.kind === 'messages' ? read.messages : [];
    } catch (error) {
      this.#fault(session, error);
      return [];
    }
  }

  /** @param text - what the bytes say */
  async #take(session: Session, text: string, bytes: Uint8Array, ack: PayloadAck): Promise<void> {
    const { transceiver, metrics } = this.#options;
    metrics.add('messages.received', 1);
    let message: ReliableMessage | undefined;
    try {
      if (bytes.length > this.#options.limiter.limits.messageBytes)
        throw new Refused('format/limit');
      // Not of the bytes, which were decoded to find the end of the message.
      message = transceiver.deserialize(text);
      checkUnambiguous(text, message.wire);
      if (!(await this.#isExpected(session, message))) {
        ack.refuse();
        return;
      }
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
    if (isStoreFailure(error)) {
      // The sender has to send it again, when the store works.
      ack.refuse();
      this.#options.onStoreFailure(error);
    } else if (message === undefined && refusalOf(error) !== undefined) this.#fault(session, error);
    // What a plug-in throws is no fault of the connection's.
    else if (message === undefined) void this.#refuse(session, error, undefined);
    else void this.#refuse(session, error, noticeOf(message));
  }

  /**
   * Whether a payload, or another message of it, may be looked at: its connection pays first, whoever it is from.
   *
   * @param bytes - what has come with it
   */
  async #mayTake(session: Session, said: string | Uint8Array, bytes: number): Promise<boolean> {
    try {
      await this.#throttle.message(session, bytes);
      return true;
    } catch (error) {
      await this.#refuse(session, error, this.#noticeOf(session, said));
      return false;
    }
  }

  /** What a receipt is for. A long message costs more to read than it would help its sender, and reading has to be paid for. */
  #noticeOf({ user, remote }: Session, said: string | Uint8Array): Notice | undefined {
    if (user === undefined || said.length > MAX_UNPAID) return undefined;
    try {
      this.#options.limiter.verifications(remote.address, undefined, 1);
      return noticeOf(this.#options.transceiver.deserialize(said));
    } catch {
      return undefined;
    }
  }

  /**
   * Whether a message may come over a connection: before login only what is for the station; then what the user says
   * himself, or a neighbour relays (spec §11.6, §14.1 #8).
   *
   * @throws a refusal
   */
  async #isExpected(session: Session, { envelope }: ReliableMessage): Promise<boolean> {
    const { router, handshakes } = this.#options;
    const { user } = session;
    if (user === undefined) {
      if (router.destination(envelope.receiver) === 'station') return true;
      await this.#answers.challenge(
        session,
        envelope.sender,
        handshakes.demand(envelope.sender, session),
      );
      return false;
    }
    if (session.neighbour || sameEntity(envelope.sender, user)) return true;
    const refused = new Refused('policy/unauthorized');
    session.faults += 1;
    if (user.type !== EntityType.Station && session.faults <= MAX_FAULTS) throw refused;
    // A station that takes us for its neighbour: its users' messages are to stay there. Others do not stop either.
    await this.#refuse(session, refused, undefined);
    session.close();
    return false;
  }

  async #process(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
  ): Promise<void> {
    const { router, transceiver, freshness, neighbours, policy } = this.#options;
    const { envelope } = message;
    freshness.checkEnvelope(envelope);
    const destination = router.destination(envelope.receiver);
    const isOwn = destination === 'name' && (await router.isOwnName(envelope.receiver));
    if (destination === 'station' || isOwn) {
      return this.#command(session, message, bytes, ack);
    }
    if (message.meta !== undefined) await this.#admitIdentity(session, message);
    const pay = (key: VerifyKey | undefined, count: number): Promise<void> =>
      this.#throttle.verifications(session, key, count);
    if ((await verifyRelayed(transceiver, message, pay)) !== undefined) {
      return this.#unknownSender(session, message, bytes, ack);
    }
    const returned = session.neighbour && (neighbours?.hasPassed?.(message) ?? false);
    // It goes round: only people's messages to people may come back (spec §11.8).
    if (returned && (destination !== 'user' || isOfStations(envelope))) return;
    const { wire } = message;
    // Clients could keep a message from spreading with them, or put words into notifications.
    const stripped = session.neighbour ? wire : withoutStationMembers(wire);
    const payload = stripped === wire ? bytes : utf8Encode(stringifyJson(stripped));
    if (policy !== undefined) await this.#evaluatePolicy(policy, session, message, payload.length);
    const passed = stripped === wire ? message : transceiver.deserialize(payload);
    const relayed = { message: passed, payload, session, ack, returned };
    switch (destination) {
      case 'all':
        await router.toAll(relayed);
        return this.#command(session, message, bytes, ack);
      case 'group':
        return router.toGroup(relayed);
      default:
        return router.toUser(relayed);
    }
  }

  /**
   * Whoever brings a meta along is kept for ever: there have to be bounds (spec §14.4 #40).
   *
   * @throws `policy/rate-limited`
   */
  async #admitIdentity(session: Session, { envelope, meta }: ReliableMessage): Promise<void> {
    if (meta === undefined) return;
    const address = session.neighbour ? undefined : session.remote.address;
    const neighbour = session.neighbour ? session.user : undefined;
    await this.#options.commands?.admit?.(envelope.sender, address, neighbour);
  }

  async #evaluatePolicy(
    policy: Policy,
    session: Session,
    { envelope }: ReliableMessage,
    size: number,
  ): Promise<void> {
    const { logger } = this.#options;
    const { user, remote, neighbour } = session;
    const refusal = await evaluatePolicy(
      policy,
      { envelope, size, user, remote, neighbour },
      logger,
    );
    if (refusal !== undefined) throw new Refused(refusal.code, refusal.text);
  }

  /** Opens what is for the station, and answers. */
  async #command(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
  ): Promise<void> {
    const { transceiver, metrics, limiter } = this.#options;
    const { sender } = message.envelope;
    const isStranger = session.user === undefined;
    // Whatever a stranger says to the station counts as an offer to log in: it costs as much to find out.
    if (isStranger) limiter.handshake(session.remote.address);
    else {
      await payForSignatures(transceiver, message, (key, count) =>
        this.#throttle.verifications(session, key, count),
      );
    }
    await this.#admitIdentity(session, message);
    const verified = await transceiver.verify(message);
    if (isWaiting(verified)) return this.#unknownSender(session, message, bytes, ack);
    const { envelope, content, opening } = await decryptCommand(verified, this.#options);
    metrics.add('commands', 1);
    const later = (answers: Promise<readonly Draft[]>): void =>
      this.#answers.later(session, sender, answers);
    const command: StationCommand = { envelope, content, message, opening, session, later };
    if (content.kind === 'handshake') {
      if (!isStranger) limiter.handshake(session.remote.address);
      const { answers, login } = this.#options.handshakes.process(
        command as StationCommand<HandshakeBody>,
        session,
      );
      for (const draft of answers) await this.#answers.send(session, sender, draft);
      if (login === undefined) return;
      this.login(session, login);
      return;
    }
    for (const draft of await this.#answersTo(command)) {
      await this.#answers.send(session, sender, draft);
    }
  }

  async #answersTo(command: StationCommand): Promise<readonly Draft[]> {
    const { envelope, content, message } = command;
    // Among them receipts for what was said to all stations, such as that a login has been noted (spec §11.7).
    const answers = await this.#options.commands?.process(command);
    if (answers !== undefined) return answers;
    // Nothing ever answers a receipt, and nobody knows what everybody does not understand (spec §11.5).
    if (content.kind === 'receipt' || envelope.receiver.isGroup) return [];
    const { id } = this.#options.signer;
    const unsupported = unsupportedReceipt(envelope, content as Content, message.signature);
    return answersTo(envelope.sender, id, id, [unsupported]).map(({ draft }) => draft);
  }

  /**
   * Asks a connection for the meta and visa of who speaks over it; what he said has to come again after that. In the
   * clear, because nothing can be encrypted for him yet: it holds no secret.
   *
   * @throws a refusal if somebody else speaks over it, whom the neighbour cannot tell of either
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
      if (neighbour && this.#pendingSenders.hold(sender, user, ack, resume)) return;
      throw new Refused('identity/not-found');
    }
    ack.refuse();
    await this.#answers.challenge(session, ANYONE, DocumentsCommand.create({ did: sender }));
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

  /** Something came that is no message at all. */
  #fault(session: Session, error: unknown): void {
    session.faults += 1;
    void this.#refuse(session, error, undefined);
    if (session.user === undefined || session.faults > MAX_FAULTS) session.close();
  }

  async #refuse(session: Session, error: unknown, notice: Notice | undefined): Promise<void> {
    const { metrics, logger, receipts } = this.#options;
    const refused = refusalOf(error);
    // A mistake of ours: its message may quote what it stumbled over, so only its kind is told.
    if (refused === undefined) logger.error('ingress.failed', { kind: kindOf(error) });
    else logger.debug('ingress.refused', { code: refused.code, session: session.id });
    const { code, text } = refused ?? new Refused('state/not-ready');
    metrics.add('messages.refused', 1);
    metrics.refused(code);
    if (session.neighbour) return;
    if (session.user !== undefined) receipts.refuse(session.user, notice, { code, text });
    else if (code === 'policy/rate-limited') await this.#turnAway(session, notice, { code, text });
  }

  /** Tells a stranger that they cannot be served now, and ends the connection: they may come back. */
  async #turnAway(
    session: Session,
    notice: Notice | undefined,
    { code, text }: Refusal,
  ): Promise<void> {
    const draft: Draft =
      notice === undefined
        ? { kind: 'receipt', body: { text, code } }
        : receiptFor(notice.envelope, text, { signature: notice.signature, code });
    try {
      await this.#answers.challenge(session, ANYONE, draft);
    } catch {
      // It could not be told, and ends all the same.
    }
    session.finish();
  }
}

function isOfStations({ sender, receiver }: Envelope): boolean {
  return sender.type === EntityType.Station || receiver.type === EntityType.Station;
}
