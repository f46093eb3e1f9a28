import type { Protocol, Random, Timers, Waiting } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import {
  type Cause,
  DEFAULT_FRESHNESS,
  Freshness,
  Queries,
  StandardProcessors,
  type StoredKeyOwners,
} from '@dimp/endpoint';
import { definedOnly, type Events, encodeHex } from '@dimp/foundation';
import { ANY_STATION, type ID } from '@dimp/mkm';
import { Connection } from '../connection/connection.ts';
import { Acceptance } from '../inbox/acceptance.ts';
import { BatchedStore } from '../inbox/batched-store.ts';
import { Commands } from '../inbox/commands.ts';
import { DeferredStore } from '../inbox/deferred-store.ts';
import { EvidenceReaders } from '../inbox/evidence.ts';
import { Inbox } from '../inbox/inbox.ts';
import { DEFAULT_INBOX_LIMITS, InboxStore } from '../inbox/inbox-store.ts';
import { MessageOpener } from '../inbox/message-opener.ts';
import { NeverForgotten } from '../inbox/never-forgotten.ts';
import { Processors } from '../inbox/processors.ts';
import { Receipts } from '../inbox/receipts.ts';
import { Receiver } from '../inbox/receiver.ts';
import { ReplayMemory } from '../inbox/replay-memory.ts';
import { UnopenedMessages } from '../inbox/unopened.ts';
import type { IncomingMessage } from '../messages/incoming-message.ts';
import { IntroducedPeers } from '../outbox/introduced-peers.ts';
import type { MessagePacker } from '../outbox/message-packer.ts';
import { Outbox } from '../outbox/outbox.ts';
import { OutboxStore } from '../outbox/outbox-store.ts';
import { DEFAULT_RESEND_POLICY } from '../outbox/resend-timers.ts';
import type { Services } from '../services/services.ts';
import { Background } from './background.ts';
import type { MessengerEvents } from './events.ts';
import { Lifecycle } from './lifecycle.ts';
import type { MessengerOptions } from './messenger-options.ts';
import type { ServiceHost } from './messenger-service.ts';
import { answerHandshake, PackageAdapter } from './package-adapter.ts';
import { Replies } from './replies.ts';
import { sendNow } from './send-now.ts';

/** Options for {@link wire}. */
export interface WiringOptions extends Omit<MessengerOptions<Protocol>, 'facebook' | 'services'> {
  readonly packer: MessagePacker;
  readonly keyOwners: StoredKeyOwners;
  readonly services: Services;
  readonly events: Events<MessengerEvents>;
  readonly timers: Timers;
  readonly random: Random;
}

/** The parts of a messenger that its public face calls. */
export interface MessengerParts
  extends Pick<Outbound, 'connection' | 'outbox' | 'introducedPeers' | 'askForUser'>,
    Pick<
      Inbound,
      'receiver' | 'acceptance' | 'evidence' | 'memory' | 'processors' | 'inbox' | 'replies'
    > {
  readonly packages: PackageAdapter;
  readonly lifecycle: Lifecycle;
  readonly sendNow: ServiceHost['sendNow'];
  readonly background: ServiceHost['background'];
}

/** Limits of suspended messages, and of messages from the future: 32 for the same entity (spec §11.4), 1,024 in all. */
const SUSPENDED_LIMITS = { perKey: 32, total: 1024, bytes: 16 * 1024 * 1024 };
/** Limits of messages that wait for the one before them. Their senders are known, so there may be more. */
const EARLY_LIMITS = { perKey: 32, total: 4096, bytes: 64 * 1024 * 1024 };
/** Ten minutes: longer than the first five repetitions of a lost message take. */
const ORDER_TIMEOUT_MS = 600_000;

/** Puts a messenger together: first what sends, then what receives and answers, then what keeps both going. */
export function wire(options: WiringOptions): MessengerParts {
  const shared = sharedParts(options);
  const outbound = buildOutbound(options, shared);
  const inbound = buildInbound(options, shared, outbound);
  const lifecycle = buildLifecycle(options, shared, outbound, inbound);
  const { events } = options;
  return {
    ...outbound,
    ...inbound,
    lifecycle,
    packages: new PackageAdapter({ ...inbound, events }),
    sendNow: (draft, receiver, more) =>
      sendNow(draft, receiver, more, options.packer, outbound.connection),
    background: (task) => void shared.background.run(task),
  };
}

interface SharedParts {
  readonly onFailure: (error: unknown) => void;
  readonly background: Background;
  readonly timers: Timers;
  readonly freshness: Freshness;
  readonly services: Services;
  /** Name of this messenger among those on the same store. */
  readonly owner: string;
}

interface Outbound {
  readonly connection: Connection;
  readonly station: () => ID | undefined;
  readonly queries: Queries;
  readonly outbox: Outbox;
  readonly introducedPeers: IntroducedPeers;
  /** Asks for what an incoming message needs. */
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Asks for what the user's own messages need. */
  readonly askForUser: (missing: Waiting) => Promise<void>;
}

interface Inbound {
  readonly receiver: Receiver;
  readonly inbox: Inbox;
  readonly replies: Replies;
  readonly receipts: Receipts;
  readonly memory: ReplayMemory;
  readonly acceptance: Acceptance;
  readonly evidence: EvidenceReaders;
  readonly processors: Processors;
}

function sharedParts(options: WiringOptions): SharedParts {
  const { events, freshness, timers, packer, random, services } = options;
  const { clock } = packer.facebook;
  const onFailure = (error: unknown): void => events.emit('failed', { error });
  const background = new Background(onFailure);
  return {
    onFailure,
    background,
    timers: reporting(timers, background),
    freshness: new Freshness(clock, { ...DEFAULT_FRESHNESS, ...freshness }),
    services,
    owner: encodeHex(random.bytes(8)),
  };
}

/** What takes drafts, and questions of our own, to the network. */
function buildOutbound(
  options: WiringOptions,
  { background, timers, onFailure, services }: SharedParts,
): Outbound {
  const { packer, events, random } = options;
  const { facebook } = packer;
  const { store, clock, protocol } = facebook;
  const connection = new Connection(options.sendPackage);
  const station = (): ID | undefined => connection.contact?.station ?? options.station;
  const queries = new Queries(facebook, (draft) => sendQuestion(draft, packer, connection), clock);
  const askBecauseOf =
    (cause: Cause) =>
    async (missing: Waiting): Promise<void> => {
      events.emit('waiting', missing);
      void background.run(() => queries.forWaiting(missing, cause));
    };
  const askForUser = askBecauseOf('outgoing');
  const introducedPeers = new IntroducedPeers(facebook);
  const outbox = new Outbox({
    packer,
    store: new OutboxStore(store, protocol.parseID, clock, random),
    introducedPeers,
    services,
    timers,
    random,
    policy: { ...DEFAULT_RESEND_POLICY, ...options.resend },
    transmit: (bytes, receiver) => connection.send(bytes, receiver),
    mayHaveLeft: (error) => connection.mayHaveLeft(error),
    ask: askForUser,
    refresh: (receiver) => {
      if (receiver.isGroup || receiver.isBroadcast) return;
      void background.run(() => queries.documents(receiver, 'outgoing'));
    },
    overdue: () => connection.contact?.overdue?.(),
    aside: (task) => background.run(task),
    shared: store.sharing !== undefined,
    station,
    onFailure: (error) => {
      if (connection.isUp) events.emit('transmitFailed', { error });
    },
    onReport: ({ id, sender, receiver, content, report }) =>
      events.emit('delivery', { id, sender, receiver, content, report }),
    onDamaged: onFailure,
  });
  return {
    connection,
    station,
    queries,
    outbox,
    introducedPeers,
    ask: askBecauseOf('incoming'),
    askForUser,
  };
}

/** What takes payloads to the handlers, and their answers back. */
function buildInbound(
  options: WiringOptions,
  { background, timers, onFailure, freshness, owner, services }: SharedParts,
  { connection, station, queries, outbox, introducedPeers, ask }: Outbound,
): Inbound {
  const { packer, events } = options;
  const { facebook, transceiver } = packer;
  const { store, clock, protocol } = facebook;
  const batched = new BatchedStore(store);
  const memory = new ReplayMemory(batched, clock, freshness.retention, protocol.parseID, onFailure);
  const acceptance = new Acceptance(facebook, station);
  const policy = options.receipts ?? 'careful';
  const receipts = new Receipts({ facebook, clock, memory, acceptance, policy, ask });
  const evidence = new EvidenceReaders();
  const processors = new Processors();
  const limits = { ...DEFAULT_INBOX_LIMITS, ...options.inbox };
  const onUnhandled = ({ envelope, content }: MessengerEvents['unhandled']): void =>
    events.emit('unhandled', { envelope, content });
  const onHandlerFailed = (message: IncomingMessage, error: unknown): void =>
    events.emit('handlerFailed', { message, error });
  const inbox = new Inbox({
    store: new InboxStore(store, protocol, clock, owner, limits, onFailure),
    processors,
    isContact: (user, sender) => acceptance.isContact(user, sender),
    mayAnswer: ({ user, envelope, proven }) =>
      receipts.mayAnswer({ user, sender: envelope.sender, proven }),
    onHandlerFailed,
    onUnhandled,
  });
  const replies = new Replies({
    packer,
    outbox,
    inbox,
    introducedPeers,
    connection,
    memory,
    background,
    ask,
    onFailure,
  });
  const standard = new StandardProcessors({
    facebook,
    clock,
    directory: options.directory ?? false,
    asked: async (id, sender) => (await queries.asked(id)) || services.wants(id, sender),
    confirm: (body, from, to) => outbox.confirm(body, from, to),
    handshake: async (body, from) => answerHandshake(body, from, options.station, events),
  });
  const receiver = new Receiver({
    facebook,
    store: batched,
    opener: new MessageOpener({
      facebook,
      transceiver,
      freshness,
      queries,
      acceptance,
      services,
    }),
    memory,
    neverForgotten: new NeverForgotten(batched),
    unopened: new UnopenedMessages(batched),
    acceptance,
    receipts,
    evidence,
    stores: {
      suspended: new DeferredStore(batched, 'suspended', clock, SUSPENDED_LIMITS, onFailure),
      early: new DeferredStore(batched, 'early', clock, EARLY_LIMITS, onFailure),
      ahead: new DeferredStore(batched, 'ahead', clock, SUSPENDED_LIMITS, onFailure),
    },
    commands: new Commands(standard, processors),
    inbox,
    services,
    timers,
    orderTimeout: options.orderTimeout ?? ORDER_TIMEOUT_MS,
    ask,
    pack: async (answers) => (await replies.pack(answers)).map(({ message }) => message.wire),
    later: (received) => replies.send(received),
    onRefused: (error, sender) => events.emit('refused', { error, ...definedOnly({ sender }) }),
    onUnhandled,
    onServiceFailed: onHandlerFailed,
    onDeferred: (message) => events.emit('deferred', message),
  });
  return { receiver, inbox, replies, receipts, memory, acceptance, evidence, processors };
}

function buildLifecycle(
  { packer, keyOwners, events }: WiringOptions,
  { background, timers, freshness, owner, services }: SharedParts,
  { outbox }: Outbound,
  { receiver, inbox, replies, receipts, memory, acceptance }: Inbound,
): Lifecycle {
  return new Lifecycle({
    facebook: packer.facebook,
    outbox,
    replies,
    receiver,
    inbox,
    acceptance,
    memory,
    receipts,
    services,
    keyOwners,
    retentionMs: freshness.retention,
    background,
    timers,
    events,
    owner,
  });
}

/** Timers whose failures are reported like those of other background work. */
function reporting(timers: Timers, background: Background): Timers {
  return {
    after: (delay, task) => timers.after(delay, () => background.run(async () => task())),
  };
}

/** Sends a question to the station that is connected, in the clear, with our own meta and visa (spec §11.4). */
async function sendQuestion(
  draft: Draft,
  packer: MessagePacker,
  connection: Connection,
): Promise<void> {
  const sender = await packer.sender(connection.contact?.user);
  const content = await packer.stamp(draft, ANY_STATION);
  const attach = { attachMeta: true, attachVisa: true };
  const message = await packer.packContent(content, sender, ANY_STATION, attach);
  if ('status' in message) return;
  await connection.send(packer.transceiver.serialize(message), ANY_STATION);
}
