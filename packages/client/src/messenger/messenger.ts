import {
  type ContentsOfProtocol,
  isWaiting,
  type Protocol,
  type Random,
  systemRandom,
  systemTimers,
  type Timers,
  Transceiver,
  type Transport,
  type Waiting,
} from '@dimp/core';
import type {
  Content,
  ContentType,
  Draft,
  DraftOf,
  ReliableMessage,
  UnknownContent,
} from '@dimp/dkd';
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
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { DeferredMessage } from '../inbox/deferred.ts';
import type { EvidenceReader } from '../inbox/evidence.ts';
import type { Handler, Middleware } from '../inbox/processors.ts';
import type { IncomingMessage } from '../messages/incoming-message.ts';
import { checkChosenID } from '../outbox/chosen-ids.ts';
import type { Delivery } from '../outbox/delivery.ts';
import {
  type GroupPackOptions,
  MessagePacker,
  type MessagePackOptions,
} from '../outbox/message-packer.ts';
import type { SendOptions } from '../outbox/send-options.ts';
import { Services } from '../services/services.ts';
import { MESSENGER_EVENTS, type MessengerEvents } from './events.ts';
import type {
  ConnectOptions,
  MessengerOptions,
  ReceivedContent,
  ReceivedMessage,
} from './messenger-options.ts';
import type { ServiceHost } from './messenger-service.ts';
import { Reception } from './reception.ts';
import { type MessengerParts, wire } from './wiring.ts';

/**
 * Sends and receives messages for the users of a facebook. A message is on disk before `send` returns, and is delivered
 * even if the connection or the program breaks down. An incoming message is decrypted, checked, stored, and shown once.
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
  /** Timers of the messenger and its sessions. */
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
    this.timers = options.timers ?? systemTimers;
    this.random = options.random ?? systemRandom;
    const services = new Services(options.services ?? [], facebook, (error) =>
      this.#events.emit('failed', { error }),
    );
    this.#packer = new MessagePacker(facebook, this.transceiver, services);
    this.#parts = wire({
      ...options,
      services,
      timers: this.timers,
      random: this.random,
      packer: this.#packer,
      events: this.#events,
      keyOwners,
    });
    const host: ServiceHost = {
      facebook,
      timers: this.timers,
      on: (kind, listener) => this.on(kind, listener),
      send: (draft, receiver, more) => this.#send(draft, receiver, more),
      sendNow: async (draft, receiver, more) => {
        await this.start();
        return this.#parts.sendNow(draft, receiver, more);
      },
      accept: (peer, more) => this.accept(peer, more),
      deliveries: () => this.deliveries(),
      background: (task) => this.#parts.background(task),
    };
    for (const service of options.services ?? []) service.attach?.(host);
  }

  on<K extends keyof MessengerEvents>(kind: K, listener: Listener<MessengerEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /**
   * Resumes work left over from the previous run: undelivered outgoing messages and unprocessed incoming ones. `send`
   * and the methods that receive call it; call it yourself once your handlers are registered.
   */
  start(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(stopped());
    return this.#parts.lifecycle.start();
  }

  /**
   * Sends a content to a user, to a group, or as a broadcast.
   *
   * @returns a handle, as soon as the message is on disk
   * @throws `identity/not-found` if this machine has no user to send it; `format/field` for a content that its own
   *   type refuses, and for an option that is not valid, with the field in the details; `format/limit` for one that is too large; `TypeError` for a
   *   receiver that is not an ID; `store/` codes if it could not be stored; what a service throws
   */
  send(
    draft: DraftOf<ContentsOfProtocol<P>>,
    receiver: ID,
    options: SendOptions = {},
  ): Promise<Delivery> {
    return this.#send(draft, receiver, options);
  }

  async #send(draft: Draft, receiver: ID, options: SendOptions = {}): Promise<Delivery> {
    requireID(receiver, 'the receiver');
    if (options.id !== undefined) checkChosenID(options.id);
    await this.start();
    const sender = await this.#packer.sender(options.sender);
    await this.facebook.requireSigner(sender);
    const content = await this.#packer.stamp(draft, receiver, options);
    const delivery = await this.#parts.outbox.enqueue(content, sender, receiver, options);
    await this.accept(receiver, { user: sender });
    return delivery;
  }

  /**
   * Marks a peer as known to a user. The peer gets receipts from now on, and for the messages of the last seven days.
   * Sending to a peer and adding a contact do the same.
   *
   * @param options.user - the user of this machine, the current one by default
   * @throws `identity/not-found` if this machine has no user; `store/` codes
   */
  async accept(peer: ID, { user: named }: { readonly user?: ID } = {}): Promise<void> {
    const user = await this.#packer.sender(named);
    if (await this.#parts.acceptance.accept(user, peer)) this.#parts.lifecycle.accepted(peer);
  }

  /**
   * Reads signed messages that peers forward as evidence, such as the history of a group that was requested. They may
   * have any age and may come repeatedly. The reader must decide whether their senders were authorized.
   *
   * @returns a handle that removes the reader
   */
  readEvidence(reader: EvidenceReader): Handle {
    return this.#parts.evidence.add(reader);
  }

  /** Messages that are under way, and failed ones that were not discarded, including those of earlier runs. */
  async deliveries(): Promise<readonly Delivery[]> {
    await this.start();
    return this.#parts.outbox.deliveries();
  }

  /**
   * Receives a package that the application carries itself: one or more messages, or a control word.
   *
   * It resolves when all messages are on disk and the handlers have answered. A transport that must not wait for
   * handlers uses {@link Messenger.connect}.
   *
   * @returns packages to send back: receipts, answers to questions, and answers of handlers
   * @throws `store/` codes if the messages could not be stored: then do not acknowledge them. A message that is
   *   refused, and bytes that are not messages, are reported by the event `refused` instead.
   */
  async receivedPackage(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    await this.start();
    return this.#parts.packages.receive(bytes);
  }

  /**
   * Sends and receives over a transport until it is closed or the messenger is disposed of. Waiting messages are sent
   * at once. A payload is acknowledged when it is on disk, and not if the inbox is full.
   *
   * @param options.signal - stops like disposing of the messenger: the transport stays open
   * @param options.station - the station at the other end, if it requires a login: messages wait until it accepts them.
   *   A `StationSession` passes it.
   * @returns when the connection is closed, or the messenger stops
   * @throws `transport/closed` and other codes when it was lost; `format/` codes for bytes that are not messages: the
   *   peer speaks another protocol
   */
  async connect(transport: Transport, { signal, station }: ConnectOptions = {}): Promise<void> {
    await this.start();
    const { signal: stop } = this.#stop;
    const end = signal === undefined ? stop : AbortSignal.any([stop, signal]);
    const connection = this.#parts.connection.up((bytes) => transport.send(bytes), station);
    try {
      if (station === undefined) this.resume();
      const { receiver, replies, background } = this.#parts;
      const more = definedOnly({ station });
      await new Reception({ receiver, replies, background, transport, ...more }).run(end);
    } finally {
      connection.close();
    }
  }

  /**
   * Whether this messenger sends: once it has started if it is alone on its store, else one of several tabs. The event
   * `leading` reports the change.
   */
  get leads(): boolean {
    return this.#parts.lifecycle.leads;
  }

  /** Call this when the network can be reached again: waiting messages are sent now, not at the next attempt. */
  resume(): void {
    this.#parts.lifecycle.resume();
  }

  /**
   * Registers a handler for a content type. Its return value is sent to the sender of the message. A handled message
   * does not appear in {@link Messenger.messages}.
   *
   * @param type - a registered content type, or `'unknown'` for contents whose type is not registered
   * @returns a handle that removes the reader
   * @throws `RangeError` for a type that the messenger processes itself: array, documents, forward, handshake, meta,
   *   receipt
   */
  handle<K extends string, B>(
    type: ContentType<K, B> & (K extends ContentsOfProtocol<P>['kind'] ? unknown : never),
    handler: Handler<Content<K, B>>,
  ): Handle;
  handle(type: 'unknown', handler: Handler<UnknownContent>): Handle;
  handle(type: 'unknown' | { readonly kind: string }, handler: Handler<never>): Handle {
    return this.#parts.processors.handle(type === 'unknown' ? { kind: type } : type, handler);
  }

  /** Adds a middleware before all handlers, after the existing middleware. */
  use(middleware: Middleware<ReceivedContent<P>>): Handle {
    return this.#parts.processors.use(middleware);
  }

  /**
   * Iterates over the messages without a handler, in order for each sender. Asking for the next message finishes the
   * one before, which is kept on disk until then. Several iterations share the messages.
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
   * Messages that have arrived but cannot be shown yet, in order of arrival: the message before them is missing, their
   * sender or group is not known, or they are from the future by our clock. The event `deferred` reports each of them.
   */
  async deferred(): Promise<readonly DeferredMessage[]> {
    await this.start();
    return this.#parts.receiver.deferred();
  }

  /** Finishes a message before the iteration asks for the next one. */
  async done(message: Pick<IncomingMessage, 'id'>): Promise<void> {
    await this.#parts.inbox.done(message.id);
  }

  /**
   * Packs a content into a message, without sending or storing it.
   *
   * The content names sender and receiver as well. So the receiver cannot pass it on as if it were for another user,
   * and no one can present the ciphertext as their own (spec §14.2 #20).
   *
   * @returns the message, or what must arrive first
   * @throws `identity/not-found` if this machine has no user to send it
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
   * @returns the messages, or what must arrive first. Members without a visa are left out.
   */
  async packForGroup(
    draft: DraftOf<ContentsOfProtocol<P>>,
    group: ID,
    options: GroupPackOptions = {},
  ): Promise<readonly ReliableMessage[] | Waiting> {
    return this.#packer.packForGroup(draft, group, options);
  }

  /**
   * Verifies and decrypts a message, without remembering or answering it. It may be old.
   *
   * @returns the decrypted message, or that the sender's meta must arrive first
   * @throws the codes of `Transceiver.deserialize`, `verify` and `decrypt`
   */
  async unpack(bytes: Uint8Array | string): Promise<ReceivedMessage<P> | Waiting> {
    const verified = await this.transceiver.verify(this.transceiver.deserialize(bytes));
    if (isWaiting(verified)) return verified;
    return (await this.transceiver.decrypt(verified)) as ReceivedMessage<P>;
  }

  /**
   * Asks the network for a meta, a visa or the documents of a group that the user needs in order to send: at most once
   * in ten minutes for each (spec §11.4). The events of the facebook report the answer.
   */
  async ask(missing: Waiting): Promise<void> {
    await this.start();
    await this.#parts.askForUser(missing);
  }

  /** Serializes a message. */
  serialize(message: ReliableMessage): Uint8Array {
    return this.transceiver.serialize(message);
  }

  /** Resolves when nothing is left to do for now: all messages are received, handled, and handed to the transport. */
  idle(): Promise<void> {
    return this.#parts.lifecycle.idle();
  }

  /** Empties a part of the caches, half by default, for the host's memory pressure signal. No data is lost. */
  reduceMemory(part?: Reduction): void {
    this.transceiver.reduceMemory(part);
    this.#parts.memory.reduceMemory(part);
    this.#parts.introducedPeers.reduceMemory(part);
  }

  /**
   * Stops the messenger: ends iterations and connections, and waits for pending writes. Facebook, store and transports
   * stay open.
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
