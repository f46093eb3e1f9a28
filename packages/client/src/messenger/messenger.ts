import {
  type Arrival,
  type ContentsOfProtocol,
  isWaiting,
  type Protocol,
  type Random,
  readPayload,
  systemRandom,
  systemTimers,
  type Timers,
  Transceiver,
  type Transport,
  type Waiting,
} from '@dimp/core';
import type { Content, ContentType, DraftOf, ReliableMessage, UnknownContent } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { KeyStore, requireID, StoredKeyOwners } from '@dimp/endpoint';
import {
  definedOnly,
  type EventSource,
  Events,
  type Handle,
  type Listener,
  onAsyncDispose,
  ProtocolError,
  type Reduction,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from '../connection/station-contact.ts';
import type { DeferredMessage } from '../inbox/deferred.ts';
import type { EvidenceReader } from '../inbox/evidence.ts';
import type { IncomingMessage } from '../inbox/incoming-message.ts';
import type { Handler, Middleware } from '../inbox/processors.ts';
import type { Delivery } from '../outbox/delivery.ts';
import {
  type GroupPackOptions,
  MessagePacker,
  type MessagePackOptions,
} from '../outbox/message-packer.ts';
import { MESSENGER_EVENTS, type MessengerEvents } from './events.ts';
import type {
  ConnectOptions,
  MessengerOptions,
  ReceivedContent,
  ReceivedMessage,
  SendOptions,
} from './messenger-options.ts';
import { until } from './until.ts';
import { type MessengerParts, wire } from './wiring.ts';

/**
 * Sends contents and takes messages in, for the users of a facebook. What is sent is on disk before `send` returns, and is
 * carried to its receiver however often connection or program break down; what comes in is opened, checked, kept on disk
 * and shown once.
 *
 * @example
 * ```ts
 * const messenger = new Messenger({ facebook });
 * messenger.handle(Greeting, ({ content }) => Text.create({ text: `${content.body.mood}, me too` }));
 * void messenger.connect(transport);
 * const delivery = await messenger.send(Text.create({ text: 'Hello world!' }), hulk);
 * await delivery.reached('received');
 * for await (const { content } of messenger.messages()) console.log(content.kind);
 * ```
 */
export class Messenger<P extends Protocol = Protocol>
  implements EventSource<MessengerEvents>, AsyncDisposable
{
  readonly facebook: Facebook<P>;
  readonly transceiver: Transceiver;
  /** What everything that happens by the clock goes by, and where its pauses come from. */
  readonly timers: Timers;
  readonly random: Random;
  readonly #packer: MessagePacker;
  readonly #events = new Events<MessengerEvents>(MESSENGER_EVENTS);
  readonly #parts: MessengerParts;
  readonly #stop = new AbortController();

  constructor(options: MessengerOptions<P>) {
    const { facebook, dialect, cipher } = options;
    const { protocol, store, clock } = facebook;
    this.facebook = facebook;
    const keyOwners = new StoredKeyOwners(store);
    this.transceiver = new Transceiver({
      barrack: facebook,
      keyCache: options.keyStore ?? new KeyStore({ protocol, store, clock }),
      keyOwners,
      ...definedOnly({ dialect, cipher }),
    });
    this.transceiver.events.on('weaker', (event) => this.#events.emit('weaker', event));
    this.#packer = new MessagePacker(facebook, this.transceiver);
    this.timers = options.timers ?? systemTimers;
    this.random = options.random ?? systemRandom;
    this.#parts = wire({
      ...options,
      timers: this.timers,
      random: this.random,
      packer: this.#packer,
      events: this.#events,
      keyOwners,
    });
  }

  on<K extends keyof MessengerEvents>(kind: K, listener: Listener<MessengerEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /**
   * Resumes work left over from the previous run: undelivered outgoing messages and unprocessed incoming ones. `send` and
   * the methods that receive call it; call it yourself once your handlers are registered.
   */
  start(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(stopped());
    return this.#parts.lifecycle.start();
  }

  /**
   * Sends a content to a person, a group or everybody.
   *
   * @returns a handle, as soon as the message is on disk
   * @throws `identity/not-found` if there is no user of this machine to send it; `format/field` for a content that its own
   *   type refuses, with the field in the details; `format/limit` for one that no message can hold; `TypeError` for a
   *   receiver that is not an ID; `store/` codes if it could not be kept
   */
  async send(
    draft: DraftOf<ContentsOfProtocol<P>>,
    receiver: ID,
    { sender: named, form }: SendOptions = {},
  ): Promise<Delivery> {
    requireID(receiver, 'the receiver');
    await this.start();
    const sender = await this.#packer.sender(named);
    await this.facebook.requireSigner(sender);
    const content = this.#packer.stamp(draft, receiver);
    const delivery = await this.#parts.outbox.enqueue(content, sender, receiver, form);
    await this.accept(receiver, { user: sender });
    return delivery;
  }

  /**
   * Says that a user knows somebody: they are told from now on that their messages have arrived, and of those of the last
   * seven days as well. Writing to somebody and adding a contact says the same.
   *
   * @param options.user - the user of this machine, the current one by default
   * @throws `identity/not-found` if there is no user of this machine; `store/` codes
   */
  async accept(peer: ID, { user: named }: { readonly user?: ID } = {}): Promise<void> {
    const user = await this.#packer.sender(named);
    if (await this.#parts.acceptance.accept(user, peer)) this.#parts.lifecycle.accepted(peer);
  }

  /**
   * Reads signed messages that others forward as evidence, such as the history of a group that was asked for. They may be
   * of any age, and come any number of times; whether their senders were allowed to say it is for the reader to judge.
   *
   * @returns a handle that ends it
   */
  readEvidence(reader: EvidenceReader): Handle {
    return this.#parts.evidence.add(reader);
  }

  /** Messages that are on their way, or were given up and not discarded; those of earlier lives of the program too. */
  async deliveries(): Promise<readonly Delivery[]> {
    await this.start();
    return this.#parts.outbox.deliveries();
  }

  /**
   * Takes in what a transport has received: one or more messages, or a control word.
   *
   * It resolves when all of it is on disk and the handlers have answered; a transport that must not wait for handlers
   * uses {@link Messenger.connect}.
   *
   * @returns what to send back: receipts, answers to questions, and what handlers answer
   * @throws `store/` codes if they could not be kept: then nothing may be acknowledged. A wrong message, and bytes that are
   *   not messages at all, are reported by the event `refused` instead.
   */
  async receivedPackage(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    await this.start();
    return this.#parts.packages.receive(bytes);
  }

  /**
   * Sends and receives over a transport until it is closed, or the messenger is disposed of. Whatever waits to be sent
   * goes out at once. What is on disk is acknowledged; what a full inbox refuses is not.
   *
   * @param options.signal - ends it like disposing of the messenger: the transport stays open
   * @param options.station - who is at the other end, if it is a station that one has to log in at: messages wait until it
   *   takes them. A `StationSession` sees to that.
   * @returns when the connection has been closed, or is not listened to any more
   * @throws `transport/closed` and others when it was lost; `format/` codes for bytes that are no messages: whoever is at
   *   the other end speaks another protocol
   */
  async connect(transport: Transport, { signal, station }: ConnectOptions = {}): Promise<void> {
    await this.start();
    const { signal: stop } = this.#stop;
    const end = signal === undefined ? stop : AbortSignal.any([stop, signal]);
    const connection = this.#parts.connection.up((bytes) => transport.send(bytes), station);
    try {
      if (station === undefined) this.resume();
      for await (const arrival of until(transport.incoming, end)) {
        await this.#arrived(arrival, transport, station);
      }
    } finally {
      connection.close();
    }
  }

  async #arrived(
    arrival: Arrival,
    transport: Transport,
    station: StationContact | undefined,
  ): Promise<void> {
    const payload = readPayload(arrival.payload);
    // Not waited for: the peer may acknowledge it only when we have acknowledged what it sends.
    if (payload.kind === 'ping') transport.send(utf8Encode(payload.reply)).catch(() => undefined);
    const { receiver, replies } = this.#parts;
    let kept = true;
    if (payload.kind === 'messages') {
      for (const text of payload.messages) {
        const received = await receiver.receive(text, station);
        await replies.send(received);
        kept = kept && received.kind !== 'no-room';
      }
    }
    // Now that it is on disk: before, the peer has to send it again (spec §14.6 no. 52).
    if (kept) arrival.acknowledge();
  }

  /**
   * Whether this messenger is the one that sends: as soon as it has started if it is alone on its store; of several tabs,
   * one. The event `leading` tells when it becomes so.
   */
  get leads(): boolean {
    return this.#parts.lifecycle.leads;
  }

  /** Tells that the network can be reached again: what waits is sent now, and not at the next attempt. */
  resume(): void {
    this.#parts.lifecycle.resume();
  }

  /**
   * Handles the contents of a type. What the handler returns goes to the sender of the message; a message that was
   * handled does not appear in {@link Messenger.messages}.
   *
   * @param type - a registered content type, or `'unknown'` for contents whose type is not registered
   * @returns a handle that ends it
   * @throws `RangeError` for a type that the messenger itself processes: array, documents, forward, handshake, meta, receipt
   */
  handle<K extends string, B>(
    type: ContentType<K, B> & (K extends ContentsOfProtocol<P>['kind'] ? unknown : never),
    handler: Handler<Content<K, B>>,
  ): Handle;
  handle(type: 'unknown', handler: Handler<UnknownContent>): Handle;
  handle(
    // biome-ignore lint/suspicious/noExplicitAny: the overloads are exact
    type: 'unknown' | Pick<ContentType<string, any>, 'kind'>,
    // biome-ignore lint/suspicious/noExplicitAny: the overloads are exact
    handler: Handler<any>,
  ): Handle {
    return this.#parts.processors.handle(type === 'unknown' ? { kind: type } : type, handler);
  }

  /** Puts a middleware in front of all handlers, behind those that are there. */
  use(middleware: Middleware<ReceivedContent<P>>): Handle {
    return this.#parts.processors.use(middleware);
  }

  /**
   * The messages that no handler takes, in order for each sender. Asking for the next one says that you have done with
   * the one before: it is kept on disk until then. Several iterations share the messages.
   *
   * @param options.signal - ends the iteration
   */
  async *messages(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<IncomingMessage<ReceivedContent<P>>> {
    const messages = this.#parts.inbox.messages(options.signal);
    await this.start();
    yield* messages as AsyncGenerator<IncomingMessage<ReceivedContent<P>>>;
  }

  /**
   * Messages that have arrived and are kept, but cannot be shown yet, in order of arrival: the message before them has not
   * come, their sender or group is not known yet, or their time has not come by our clock. The event `deferred` tells of
   * each when it begins to wait.
   */
  async deferred(): Promise<readonly DeferredMessage[]> {
    await this.start();
    return this.#parts.receiver.deferred();
  }

  /** Says that you have done with a message, before asking for the next one. */
  async done(message: Pick<IncomingMessage, 'id'>): Promise<void> {
    await this.#parts.inbox.done(message.id);
  }

  /**
   * Packs a content into a message and does nothing else with it: nobody sends it, nothing is kept.
   *
   * The IDs of sender and receiver go into the content as well: the receiver cannot pass it on as if it were for somebody
   * else, nor anybody pass the ciphertext off as his own (spec §14.2 #20).
   *
   * @returns the message, or what has to arrive first
   * @throws `identity/not-found` if there is no user of this machine to send it
   */
  async pack(
    draft: DraftOf<ContentsOfProtocol<P>>,
    receiver: ID,
    options: MessagePackOptions = {},
  ): Promise<ReliableMessage | Waiting> {
    return this.#packer.pack(draft, receiver, options);
  }

  /**
   * Packs a content for a group: hidden (a personal message for each member), split (encrypted once, a copy for each
   * member), or whole (one message that a station or bot splits) (spec §11.3).
   *
   * @returns the messages, or what has to arrive first. Members who cannot be reached yet are left out.
   */
  async packForGroup(
    draft: DraftOf<ContentsOfProtocol<P>>,
    group: ID,
    options: GroupPackOptions = {},
  ): Promise<readonly ReliableMessage[] | Waiting> {
    return this.#packer.packForGroup(draft, group, options);
  }

  /**
   * Opens a message and does nothing else with it: it is neither remembered nor answered, and may be old.
   *
   * @returns the message in the clear, or that the sender's meta has to arrive first
   * @throws the codes of `Transceiver.deserialize`, `verify` and `decrypt`
   */
  async unpack(bytes: Uint8Array | string): Promise<ReceivedMessage<P> | Waiting> {
    const verified = await this.transceiver.verify(this.transceiver.deserialize(bytes));
    if (isWaiting(verified)) return verified;
    return (await this.transceiver.decrypt(verified)) as ReceivedMessage<P>;
  }

  /**
   * Asks the network for a meta, a visa or the documents of a group that something depends on which the user is about to
   * send: once in ten minutes for each (spec §11.4). The events of the facebook tell when it has come.
   */
  async ask(missing: Waiting): Promise<void> {
    await this.start();
    await this.#parts.askForUser(missing);
  }

  /** The bytes of a message as they travel. */
  serialize(message: ReliableMessage): Uint8Array {
    return this.transceiver.serialize(message);
  }

  /** Resolves when nothing is left to do for now: all is taken in, handled, and handed to the transport. */
  idle(): Promise<void> {
    return this.#parts.lifecycle.idle();
  }

  /** Forgets a part of what is remembered, half by default, for the host's memory pressure signal. Nothing is lost. */
  reduceMemory(part?: Reduction): void {
    this.transceiver.reduceMemory(part);
    this.#parts.memory.reduceMemory(part);
    this.#parts.introducedPeers.reduceMemory(part);
  }

  /**
   * Stops: ends iterations and connections, and waits for what is being written. Neither facebook nor store nor
   * transports are closed.
   */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#parts.lifecycle.stop();
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(Messenger, (messenger) => messenger.close());
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'messenger has been disposed of');
}
