import {
  type Logger,
  type Store,
  silentLogger,
  subStore,
  systemTimers,
  type Timers,
} from '@dimp/core';
import type { Content, Draft } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { type ArrayBody, answersTo, Cooldown, unsupportedReceipt } from '@dimp/endpoint';
import {
  type Handle,
  isProtocolError,
  isStoreError,
  type MaybePromise,
  onAsyncDispose,
  type ProtocolError,
  type Reduction,
} from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { Acquaintances } from '../directory/acquaintances.ts';
import { BlockLists } from '../directory/block-lists.ts';
import { Deposits } from '../directory/deposits.ts';
import type { Hold } from '../directory/eviction.ts';
import { Identities } from '../directory/identities.ts';
import { Logins } from '../directory/logins.ts';
import { NameTable } from '../directory/name-table.ts';
import { type PushToken, PushTokens } from '../directory/push-tokens.ts';
import { UserIndex } from '../directory/user-index.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { type StationMetrics, silentMetrics } from '../metrics/metrics.ts';
import { ansHandler } from './ans-command.ts';
import type { CommandProcessor, StationCommand } from './command.ts';
import type { CommandHandler } from './command-handler.ts';
import { refuse } from './command-helpers.ts';
import { commandTable } from './command-table.ts';
import { DirectoryCommands } from './directory-commands.ts';
import { listHandlers } from './list-commands.ts';
import { loginHandler } from './login-command.ts';
import type { RemoteDirectory } from './remote-directory.ts';
import { reportHandler } from './report-command.ts';
import { searchHandler } from './search-command.ts';
import { storageHandler } from './storage-command.ts';

/** Options for {@link StationCommands}. */
export interface StationCommandsOptions {
  readonly facebook: Facebook;
  /** The station: a user of the facebook. */
  readonly id: ID;
  readonly keeper: RateLimiter;
  /** Where logins, lists and deposits are stored; the store of the facebook by default. */
  readonly store?: Store;
  /** Short names assigned by the operator (spec §11.10), including services such as `archivist`. */
  readonly names?: Readonly<Record<string, ID>>;
  /** Lists the online users for searches (spec §9.9). Without it, which is safer, no user can see who is online. */
  readonly onlineUsers?: () => Iterable<ID>;
  /** Receives the tokens of push services (spec §9.8); without it none are accepted. */
  readonly onPushToken?: (user: ID, token: PushToken) => void;
  /** Other stations to ask for entities that the directory does not know; none by default. */
  readonly elsewhere?: RemoteDirectory;
  /** Handlers for the operator's own contents. */
  readonly handlers?: readonly CommandHandler[];
  readonly timers?: Timers;
  readonly logger?: Logger;
  readonly metrics?: StationMetrics;
}

/** Content type of a forward, well-formed or not (spec §9.1). */
const FORWARD = '255';
/** Most contents of one array, nested ones included (spec §14.7 no. 7). */
const MAX_ARRAY = 64;
/** Deepest nesting of arrays. */
const MAX_DEPTH = 4;
/** Minimum time between two receipts for exceeded limits to one user. */
const COMPLAINT_INTERVAL_MS = 60_000;

/**
 * Answers all contents for a station except handshakes, which the sessions process. Receipts and texts are never
 * answered, and bots and stations get no receipts (spec §11.5).
 *
 * @example
 * ```ts
 * const commands = new StationCommands({ facebook, id, keeper });
 * const station = await Station.open({ facebook, id, keeper, commands, blocking: commands.lists, names: commands.names });
 * ```
 */
export class StationCommands implements CommandProcessor, AsyncDisposable {
  /** The logins of users. */
  readonly logins: Logins;
  /** The block and mute lists of users. */
  readonly lists: BlockLists;
  /** The short names. */
  readonly names: NameTable;
  /** The bound on the number of identities in the directory. */
  readonly identities: Identities;
  /** The tokens of push services. */
  readonly pushTokens: PushTokens;
  /** Decides who may locate a user. */
  readonly acquaintances: Acquaintances;
  readonly #options: StationCommandsOptions;
  readonly #deposits: Deposits;
  readonly #listening: Handle;
  readonly #index: UserIndex;
  readonly #handlers: ReadonlyMap<string, CommandHandler>;
  readonly #complaints: Cooldown;
  readonly #logger: Logger;
  readonly #metrics: StationMetrics;

  /**
   * @throws `format/field` for an invalid name; `registry/duplicate` for two handlers of one kind; `RangeError` for a
   *   handler of a kind that the station processes itself
   */
  constructor(options: StationCommandsOptions) {
    const { facebook, id, keeper: limiter, logger = silentLogger, timers = systemTimers } = options;
    const { protocol, clock } = facebook;
    // A sub-store: other services of the same identity use the store as well.
    const store = subStore(options.store ?? facebook.store, ['station']);
    this.#options = options;
    this.#logger = logger;
    this.#metrics = options.metrics ?? silentMetrics;
    this.names = new NameTable(id, options.names);
    this.logins = new Logins({ store, protocol, logger });
    this.lists = new BlockLists({ store, protocol, logger });
    this.pushTokens = new PushTokens(store, logger);
    this.#deposits = new Deposits(store, logger);
    this.identities = new Identities({
      facebook,
      keeper: limiter,
      logger,
      store: options.store ?? facebook.store,
      forget: (each) => this.#forget(each),
      wasHere: async (each) => (await this.logins.get(each)) !== undefined,
    });
    this.#listening = this.logins.events.on('changed', ({ user }) => this.identities.used(user));
    this.acquaintances = new Acquaintances({ parseID: protocol.parseID, vault: this.#deposits });
    this.#index = new UserIndex({ facebook, store, logger, timers });
    this.#complaints = new Cooldown(clock, COMPLAINT_INTERVAL_MS);
    const { logins, identities, acquaintances } = this;
    const { onlineUsers, onPushToken, elsewhere } = options;
    const push = onPushToken && { tokens: this.pushTokens, onToken: onPushToken };
    this.#handlers = commandTable([
      ...new DirectoryCommands({
        facebook,
        id,
        clock,
        logins,
        identities,
        acquaintances,
        limiter,
        elsewhere,
      }).handlers,
      loginHandler(logins, clock),
      reportHandler(clock, push),
      ansHandler(this.names),
      searchHandler({ facebook, id, index: this.#index, limiter, onlineUsers }),
      storageHandler(this.#deposits, clock),
      ...listHandlers(this.lists, clock, protocol.parseID),
      ...(options.handlers ?? []),
    ]);
  }

  /**
   * Answers a command or another content for the station. The answers may be sent as they are.
   *
   * @returns undefined for a handshake
   * @throws `store/` codes, and `state/stopped` for a closed store: the sender has to send it again
   */
  async process(command: StationCommand): Promise<readonly Draft[] | undefined> {
    if (command.content.kind === 'handshake') return undefined;
    const answers = await this.#all(command, { left: MAX_ARRAY }, 1);
    const { sender, receiver } = command.envelope;
    // A broadcast over the user's own connection is addressed to this station too.
    const to = command.session?.neighbour && receiver.isBroadcast ? receiver : this.#options.id;
    return answersTo(sender, to, this.#options.id, answers).map(({ draft }) => draft);
  }

  /** Whether there is a handler for contents of a kind. */
  handles(kind: string): boolean {
    return this.#handlers.has(kind);
  }

  /** See {@link Identities.admit}. */
  admit(id: ID, address: string | undefined, neighbour?: ID): Promise<void> {
    return this.identities.admit(id, address, neighbour);
  }

  /** See {@link Identities.holdBy}. */
  holdBy(hold: (id: ID) => MaybePromise<Hold | undefined>): void {
    this.identities.holdBy(hold);
  }

  /** A user has logged in. */
  loggedIn(user: ID): void {
    this.identities.used(user);
  }

  /**
   * Deletes everything stored about an entity: meta, documents, login, lists, deposits, push tokens. The message keys
   * that it has used are kept, because others must not use them.
   *
   * @throws `format/field` for a user of this machine; `store/` codes
   */
  forget(id: ID): Promise<void> {
    return this.identities.forget(id);
  }

  /** Forgets a part of what is in memory, half by default. */
  reduceMemory(part?: Reduction): void {
    for (const records of [this.logins, this.lists, this.#deposits]) records.reduceMemory(part);
  }

  /** Stops listening to the facebook, and waits until all earlier changes are written. */
  async close(): Promise<void> {
    this.identities.close();
    this.#listening.close();
    this.#index.close();
    await this.identities.settled();
    await this.#index.settled();
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(StationCommands, (commands) => commands.close());
  }

  async #forget(id: ID): Promise<void> {
    await this.#options.facebook.forgetEntity(id);
    for (const records of [this.logins, this.lists, this.#deposits, this.#index]) {
      await records.remove(id);
    }
    await this.pushTokens.removeAll(id);
  }

  /** Answers the contents of an array one after the other (spec §9.2). */
  async #all(
    command: StationCommand,
    budget: { left: number },
    depth: number,
  ): Promise<readonly Draft[]> {
    const { content } = command;
    if (content.kind !== 'array') return this.#one(command);
    const answers: Draft[] = [];
    if (depth > MAX_DEPTH) return answers;
    for (const [index, inner] of (content.body as ArrayBody).contents.entries()) {
      if (budget.left <= 0) break;
      budget.left -= 1;
      // A handshake inside an array would log in without the checks of the sessions.
      if (inner.kind === 'handshake') continue;
      answers.push(
        ...(await this.#all(
          { ...command, content: inner, place: `${command.place ?? ''}.${index}` },
          budget,
          depth + 1,
        )),
      );
    }
    return answers;
  }

  async #one(command: StationCommand): Promise<readonly Draft[]> {
    const { content, envelope, message } = command;
    const handler = this.#handlers.get(content.kind);
    if (handler === undefined) {
      // Texts are for people, and a station need not understand every broadcast.
      if (isLeftAlone(content) || envelope.receiver.isGroup) return [];
    }
    try {
      if (!isOfNeighbour(command)) this.#options.keeper.command(envelope.sender);
      if (handler === undefined) return [unsupportedReceipt(envelope, content, message.signature)];
      return await handler.handle(command);
    } catch (error) {
      if (!isProtocolError(error)) return this.#failed(command, error);
      if (isStoreError(error) || error.code === 'state/stopped') throw error;
      return this.#refused(command, error);
    }
  }

  #refused(command: StationCommand, { code }: ProtocolError): readonly Draft[] {
    this.#metrics.refused(code);
    const { sender } = command.envelope;
    // A receipt costs the station more than the refused command.
    if (code === 'policy/rate-limited' && !this.#complaints.pass(sender.entity)) return [];
    return refuse(command, code);
  }

  /** Answers a command on which a handler has failed. The connection of the sender goes on. */
  #failed(command: StationCommand, error: unknown): readonly Draft[] {
    // Without the message of the error, which may quote the command.
    const cause = error instanceof Error ? error.name : typeof error;
    this.#logger.error('command failed', { kind: command.content.kind, cause });
    return refuse(command, 'state/not-ready', 'Command error.');
  }
}

/** Existing clients answer a forward with an empty one (spec §9.2), so an answer to it would start a loop. */
function isLeftAlone({ kind, type }: Content): boolean {
  return kind === 'text' || kind === 'receipt' || type === FORWARD;
}

/** Whether a command is from a neighbour, which asks for all of its users. */
function isOfNeighbour({ session, envelope }: StationCommand): boolean {
  const { user, neighbour = false } = session ?? {};
  return neighbour && user !== undefined && sameEntity(user, envelope.sender);
}
