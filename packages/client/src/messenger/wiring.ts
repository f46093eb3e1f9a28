import type { Protocol, Random, Timers, Waiting } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import type { HandshakeBody, StoredKeyOwners } from '@dimp/endpoint';
import {
  type Cause,
  DEFAULT_FRESHNESS,
  Freshness,
  Queries,
  StandardProcessors,
} from '@dimp/endpoint';
import { type Events, encodeHex } from '@dimp/foundation';
import { ANY_STATION, type ID, sameEntity } from '@dimp/mkm';
import { Acceptance } from '../inbox/acceptance.ts';
import { Application } from '../inbox/application.ts';
import { DeferredStore } from '../inbox/deferred-store.ts';
import { EvidenceReaders } from '../inbox/evidence.ts';
import { DEFAULT_INBOX_LIMITS, Inbox, type IncomingMessage } from '../inbox/inbox.ts';
import { MessageOpener } from '../inbox/message-opener.ts';
import { NeverForgotten } from '../inbox/never-forgotten.ts';
import { Receipts } from '../inbox/receipts.ts';
import { Receiver } from '../inbox/receiver.ts';
import { ReplayMemory } from '../inbox/replay-memory.ts';
import { UnopenedMessages } from '../inbox/unopened.ts';
import { IntroducedPeers } from '../outbox/introduced-peers.ts';
import { Outbox } from '../outbox/outbox.ts';
import { OutboxStore } from '../outbox/outbox-store.ts';
import { DEFAULT_RESEND_POLICY } from '../outbox/resend-timers.ts';
import { Commands } from '../processing/commands.ts';
import { Processors } from '../processing/processors.ts';
import { Background } from './background.ts';
import { Connection } from './connection.ts';
import type { MessengerEvents } from './events.ts';
import { Lifecycle } from './lifecycle.ts';
import type { MessagePacker } from './message-packer.ts';
import type { MessengerOptions } from './messenger-options.ts';
import { Replies } from './replies.ts';

/** What the parts of a messenger are made with. */
export interface AssemblyOptions extends Omit<MessengerOptions<Protocol>, 'facebook'> {
  readonly packer: MessagePacker;
  readonly keyOwners: StoredKeyOwners;
  readonly events: Events<MessengerEvents>;
  readonly timers: Timers;
  readonly random: Random;
}

/** The parts of a messenger that its public face needs. */
export interface MessengerParts {
  readonly outbox: Outbox;
  readonly introducedPeers: IntroducedPeers;
  readonly receiver: Receiver;
  readonly acceptance: Acceptance;
  readonly evidence: EvidenceReaders;
  readonly memory: ReplayMemory;
  readonly processors: Processors;
  readonly application: Application;
  readonly connection: Connection;
  readonly lifecycle: Lifecycle;
  /** Asks the network for what has to arrive for something that the user sends. */
  readonly ask: (missing: Waiting) => Promise<void>;
}

/** Suspended messages, and those from the future: 32 that wait for the same entity (spec §11.4), 1,024 in all. */
const SUSPENDED_LIMITS = { perKey: 32, total: 1024, bytes: 16 * 1024 * 1024 };
/** Messages that came before the one before them. Their senders are known, so there may be more. */
const EARLY_LIMITS = { perKey: 32, total: 4096, bytes: 64 * 1024 * 1024 };
/** Ten minutes: longer than the first five repetitions of a message that was lost take. */
const ORDER_TIMEOUT = 600_000;

/** Puts a messenger together. */
export function assemble(options: AssemblyOptions): MessengerParts {
  const { packer, events, random } = options;
  const { facebook, transceiver } = packer;
  const { store, clock, protocol } = facebook;
  const connection = new Connection(options.sendPackage);
  const onFailure = (error: unknown): void => events.emit('failed', { error });
  const background = new Background(onFailure);
  const timers = guarded(options.timers, background);
  const introducedPeers = new IntroducedPeers(facebook);
  const queries = new Queries(facebook, (draft) => sendQuestion(draft, packer, connection), clock);
  const askBecauseOf =
    (cause: Cause) =>
    async (missing: Waiting): Promise<void> => {
      events.emit('waiting', missing);
      void background.run(() => queries.forWaiting(missing, cause));
    };
  const ask = askBecauseOf('incoming');
  const askForUser = askBecauseOf('outgoing');
  const outbox = new Outbox({
    packer,
    store: new OutboxStore(store, protocol.parseID, clock, random),
    introducedPeers,
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
    station: () => connection.contact?.station ?? options.station,
    onFailure: (error) => {
      if (connection.isUp) events.emit('transmitFailed', { error });
    },
    onDamaged: onFailure,
  });
  const freshness = new Freshness(clock, { ...DEFAULT_FRESHNESS, ...options.freshness });
  const memory = new ReplayMemory(store, clock, freshness.retention, protocol.parseID, onFailure);
  const replies = new Replies({
    packer,
    outbox,
    introducedPeers,
    connection,
    ask,
    owe: (id, signature) => memory.owe(id, { for: 'visa', signature }),
    onFailure,
  });
  const acceptance = new Acceptance(facebook, () => connection.contact?.station ?? options.station);
  const policy = options.receipts ?? 'careful';
  const receipts = new Receipts({ facebook, clock, memory, acceptance, policy, ask });
  const evidence = new EvidenceReaders();
  const processors = new Processors();
  const owner = encodeHex(random.bytes(8));
  const limits = { ...DEFAULT_INBOX_LIMITS, ...options.inbox };
  const inbox = new Inbox(store, protocol, clock, owner, limits, onFailure);
  const onUnhandled = (message: MessengerEvents['unhandled']): void => {
    const { envelope, content } = message;
    events.emit('unhandled', { envelope, content });
  };
  const reports = {
    onUnhandled,
    onHandlerFailed: (message: IncomingMessage, error: unknown) =>
      events.emit('handlerFailed', { message, error }),
  };
  const isContact = async (user: ID, sender: ID): Promise<boolean> =>
    sameEntity(user, sender) || (await facebook.contact(user, sender)) !== undefined;
  const mayAnswer = ({ user, envelope, proven }: IncomingMessage): Promise<boolean> =>
    receipts.mayAnswer({ user, sender: envelope.sender, proven });
  const application = new Application(inbox, processors, reports, isContact, mayAnswer);
  const receiver = new Receiver({
    facebook,
    store,
    opener: new MessageOpener({ facebook, transceiver, freshness, queries, acceptance }),
    memory,
    neverForgotten: new NeverForgotten(store),
    unopened: new UnopenedMessages(store),
    acceptance,
    receipts,
    evidence,
    rooms: {
      suspended: new DeferredStore(store, 'suspended', clock, SUSPENDED_LIMITS, onFailure),
      early: new DeferredStore(store, 'early', clock, EARLY_LIMITS, onFailure),
      ahead: new DeferredStore(store, 'ahead', clock, SUSPENDED_LIMITS, onFailure),
    },
    commands: new Commands(
      new StandardProcessors({
        facebook,
        clock,
        directory: options.directory ?? false,
        asked: (id) => queries.asked(id),
        confirm: (body, from, to) => outbox.confirm(body, from, to),
        handshake: async (body, from) => handshakeStep(body, from, options.station, events),
      }),
      processors,
    ),
    application,
    timers,
    orderTimeout: options.orderTimeout ?? ORDER_TIMEOUT,
    ask,
    pack: async ({ answers }) => (await replies.pack(answers)).map(({ message }) => message.wire),
    later: (received) => lifecycle.answer(received),
    onRefused: (error, sender) =>
      events.emit('refused', { error, ...(sender === undefined ? {} : { sender }) }),
    onUnhandled,
    onDeferred: (message) => events.emit('deferred', message),
  });
  const lifecycle: Lifecycle = new Lifecycle({
    facebook,
    outbox,
    replies,
    receiver,
    application,
    inbox,
    memory,
    receipts,
    keyOwners: options.keyOwners,
    retention: freshness.retention,
    connection,
    background,
    timers,
    events,
    owner,
  });
  return {
    outbox,
    introducedPeers,
    receiver,
    acceptance,
    evidence,
    memory,
    processors,
    application,
    connection,
    lifecycle,
    ask: askForUser,
  };
}

/** What happens by the clock and fails is reported like everything else that nobody waits for. */
function guarded(timers: Timers, background: Background): Timers {
  return {
    after: (delay, task) => timers.after(delay, () => background.run(async () => task())),
  };
}

/** Questions are for whoever is connected, in the clear, with our own meta and visa (spec §11.4). */
async function sendQuestion(
  draft: Draft,
  packer: MessagePacker,
  connection: Connection,
): Promise<void> {
  const sender = await packer.sender(connection.contact?.user);
  const content = packer.stamp(draft as never, ANY_STATION);
  const attach = { attachMeta: true, attachVisa: true };
  const message = await packer.packContent(content, sender, ANY_STATION, attach);
  if ('status' in message) return;
  await connection.send(packer.transceiver.serialize(message), ANY_STATION);
}

/**
 * The client's side of a handshake without a session: only the station we have dialled may ask us to prove who we are,
 * because another one could pass our answer on and be logged in as us (spec §11.6, §14.1 #9).
 */
function handshakeStep(
  { state, session }: HandshakeBody,
  from: ID,
  station: ID | undefined,
  events: Events<MessengerEvents>,
): readonly Draft[] {
  if (station === undefined || !sameEntity(from, station)) return [];
  if (state !== 'again' && state !== 'success') return [];
  events.emit('handshake', {
    station: from,
    state,
    ...(session === undefined ? {} : { session }),
  });
  if (state === 'success' || session === undefined) return [];
  const body: HandshakeBody = { title: 'Hello world!', session, state: 'restart' };
  return [{ kind: 'handshake', body }];
}
