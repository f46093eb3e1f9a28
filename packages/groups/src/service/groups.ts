import type {
  MessengerService,
  ServiceContext,
  ServiceHost,
  ServiceMessage,
  Taken,
} from '@dimp/client';
import type { Content, ReliableMessage } from '@dimp/dkd';
import { type Facebook, isCommand } from '@dimp/endpoint';
import { Join } from '@dimp/extensions/groups';
import {
  definedOnly,
  type EventSource,
  Events,
  type Handle,
  type JsonObject,
  type Listener,
  LruMap,
  ProtocolError,
} from '@dimp/foundation';
import { bulletinRoles, type Document, type EntityKey, type ID } from '@dimp/mkm';
import { isEntryMessage } from '../evidence/is-entry.ts';
import { PublicSigner } from '../evidence/sign-public.ts';
import { type GroupPolicy, readPolicy } from '../model/policy.ts';
import { ENTRY_KINDS } from '../model/read-entry.ts';
import { groupLock } from '../store/paths.ts';
import { Account } from './account.ts';
import { GROUPS_ABILITY } from './bundle.ts';
import { Carrier } from './carrier.ts';
import { Changing, unauthorized } from './changing.ts';
import { Differences } from './differences.ts';
import { type Group, GroupHandle } from './group-handle.ts';
import type { GroupLog } from './group-log.ts';
import { Later } from './later.ts';
import { GroupLogs } from './logs.ts';
import { QUESTION_KINDS, Questions } from './questions.ts';
import { Speaking } from './speaking.ts';
import { Taking } from './taking.ts';
import { Tending } from './tending.ts';

/** Options for {@link Groups}. */
export interface GroupsOptions {
  readonly facebook: Facebook;
  /** The user whose groups these are; the current user by default. */
  readonly user?: ID;
  /** Whose invitations are accepted without asking the user: those of contacts by default. */
  readonly acceptInvitations?: 'contacts' | 'everybody' | 'nobody';
}

/** Options of {@link Groups.create}. */
export interface CreateOptions {
  /** The other members. */
  readonly members?: readonly ID[];
  readonly policy?: Partial<GroupPolicy>;
}

/** Events of {@link Groups}. */
export interface GroupsEvents {
  /** The state of a group, or where the user stands in it, has changed. */
  changed: { readonly group: ID };
  /** Two checkpoints of a group follow the same one: two devices of its founder, or a founder who tells two stories. */
  equivocation: { readonly group: ID };
}

/** Founders whose metas are awaited. */
const MAX_AWAITED = 256;

/** The parts that exist once the messenger is there. */
interface Parts {
  readonly later: Later;
  readonly carrier: Carrier;
  readonly changing: Changing;
  readonly questions: Questions;
  readonly differences: Differences;
  readonly speaking: Speaking;
  readonly tending: Tending;
}

/**
 * The groups of a user, as a service of a messenger. The state of a group follows from signed entries, so all members who have
 * the same entries see the same group (spec §20.11).
 *
 * @example
 * ```ts
 * const groups = new Groups({ facebook });
 * const messenger = new Messenger({ facebook, services: [groups] });
 * await messenger.start();
 * const group = await groups.create('Hiking', { members: [hulk, moki] });
 * await group.appoint([hulk]);
 * ```
 */
export class Groups implements MessengerService, EventSource<GroupsEvents> {
  readonly name = 'groups';
  readonly kinds: readonly string[] = [...ENTRY_KINDS, ...QUESTION_KINDS];
  readonly #facebook: Facebook;
  readonly #account: Account;
  readonly #logs: GroupLogs;
  readonly #signer: PublicSigner;
  readonly #taking: Taking;
  readonly #events = new Events<GroupsEvents>({ changed: true, equivocation: true });
  /** Users whom bulletins of groups name as founders. Their metas prove it. */
  readonly #awaited = new LruMap<EntityKey, true>(MAX_AWAITED);
  #parts: Parts | undefined;
  #watching: Handle | undefined;
  #listening: Handle | undefined;

  constructor(options: GroupsOptions) {
    const { facebook, acceptInvitations = 'contacts' } = options;
    const kinds = new Set(facebook.protocol.contents.types.map(({ kind }) => kind));
    if (!this.kinds.every((each) => kinds.has(each))) {
      throw new ProtocolError(
        'registry/missing-dependency',
        'the protocol must have the group commands',
      );
    }
    this.#facebook = facebook;
    this.#account = new Account(facebook, options.user);
    this.#logs = new GroupLogs(facebook);
    this.#signer = new PublicSigner(facebook);
    this.#taking = new Taking({
      facebook,
      account: this.#account,
      logs: this.#logs,
      accepts: async (user, peer) =>
        acceptInvitations === 'everybody' ||
        (acceptInvitations === 'contacts' && (await facebook.contact(user, peer)) !== undefined),
      onChange: (before, after) => this.#changed(before, after),
      onEquivocation: (group) => this.#events.emit('equivocation', { group }),
    });
  }

  on<K extends keyof GroupsEvents>(kind: K, listener: Listener<GroupsEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  // Of the messenger

  attach(host: ServiceHost): void {
    const logs = this.#logs;
    const account = this.#account;
    const signer = this.#signer;
    const carrier = new Carrier(host, signer);
    const onChange = (before: GroupLog, after: GroupLog): void => this.#changed(before, after);
    const changing = new Changing({ host, account, logs, signer, onChange });
    const questions = new Questions({ host, logs, signer, carrier });
    const later = new Later(host);
    const differences = new Differences({ host, account, logs, questions, later });
    const speaking = new Speaking({
      now: () => this.#facebook.clock.now(),
      onDifference: (log, sender) => differences.note(log, sender),
      onRemoved: (log, sender) => tending.spoke(log, sender),
    });
    const tending = new Tending({ host, account, logs, carrier, changing, later });
    this.#parts = { later, carrier, changing, questions, differences, speaking, tending };
  }

  async start(): Promise<void> {
    const { tending, later } = this.#require();
    later.start();
    this.#watching = this.#logs.watch((group) => this.#facts(group));
    this.#listening = this.#facebook.events.on('documentSaved', ({ id, document }) => {
      if (id.isGroup && document !== undefined) this.#await(document);
    });
    const user = await this.#account.find();
    if (user !== undefined) await this.#facebook.announceAbilities(user, [GROUPS_ABILITY]);
    tending.start();
  }

  async stop(): Promise<void> {
    this.#watching?.close();
    this.#listening?.close();
    this.#parts?.later.stop();
  }

  locks({ content }: Pick<ServiceMessage, 'content'>): readonly string[] {
    const { group, kind } = content;
    return group === undefined || !ENTRY_KINDS.includes(kind) ? [] : [groupLock(group.entity)];
  }

  evidence(message: ReliableMessage): boolean {
    return isEntryMessage(message, this.#facebook.protocol);
  }

  async take(message: ServiceMessage, context: ServiceContext): Promise<Taken> {
    if (QUESTION_KINDS.includes(message.content.kind)) {
      return this.#require().questions.answer(message);
    }
    // Who sends a command without evidence proves nothing to others.
    if (message.isEvidence === undefined) return { changes: [], passOn: false };
    return this.#taking.take(message, context);
  }

  async wants(entity: ID, sender: ID): Promise<boolean> {
    if (entity.isGroup) return !entity.isBroadcast && (await this.#taking.hasRoom(sender));
    for (const { id } of await this.#logs.list()) {
      const log = await this.#logs.load(id);
      if (log.isFounder(entity.entity) || log.hasHeardOf(entity.entity)) return true;
    }
    return this.#awaited.get(entity.entity) === true;
  }

  async extra(content: Content, receiver: ID): Promise<JsonObject> {
    if (!receiver.isGroup || receiver.isBroadcast) return {};
    const log = await this.#logs.load(receiver);
    const { state, record } = log;
    if (state === undefined || record === undefined) return {};
    const user = await this.#account.find();
    if (user !== undefined && !isCommand(content) && content.kind !== 'forward') {
      const isSilenced = readPolicy(state.policy).speak === 'admins' && !log.isStaff(user.entity);
      if (record.standing !== 'active' || isSilenced) throw unauthorized();
    }
    return { groupState: state.digest };
  }

  async membership(
    group: ID,
    sender: ID,
    content: Content,
  ): Promise<'yes' | 'no' | 'wait' | undefined> {
    const user = await this.#account.find();
    if (user === undefined) return undefined;
    const log = await this.#logs.load(group);
    return this.#require().speaking.membership(log, user.entity, sender, content);
  }

  // Of the application

  /**
   * Founds a group.
   *
   * @param name - 1 to 32 bytes; part of the ID
   * @throws `format/field` for an invalid name, or one that another group of the user has; `format/limit` for more than 1,023
   *   other members; `identity/not-found` without a user
   */
  async create(name: string, { members = [], policy = {} }: CreateOptions = {}): Promise<Group> {
    const { changing } = this.#require();
    const id = await changing.found(name, { members, policy: { ...policy } });
    return this.open(id);
  }

  /** Returns a group, whether the user is in it or not. */
  open(id: ID): Group {
    const { changing, differences } = this.#require();
    return new GroupHandle({
      id,
      logs: this.#logs,
      changing,
      parseID: this.#facebook.protocol.parseID,
      isBehind: (group) => differences.isBehind(group),
    });
  }

  /** The groups that the user is in, was in, or is invited to. */
  async list(): Promise<readonly Group[]> {
    return (await this.#logs.list()).map(({ id }) => this.open(id));
  }

  /**
   * Asks the owner of a group to be added. The documents of the group must be known.
   *
   * @throws `identity/not-found` while the owner is not known
   */
  async join(
    id: ID,
    more: { readonly link?: JsonObject; readonly reason?: string } = {},
  ): Promise<void> {
    const { changing, carrier } = this.#require();
    const { facts } = await this.#logs.load(id);
    const { founder } = facts;
    if (founder === undefined) {
      throw new ProtocolError('identity/not-found', 'the owner of the group is not known');
    }
    const user = await this.#account.require();
    const body = definedOnly({ link: more.link, reason: more.reason });
    const entries = await changing.issue(id, () => [Join.create(body, { group: id })], 'invited');
    const { parseID } = this.#facebook.protocol;
    const staff = [founder, ...(facts.bulletin?.administrators ?? []).map(parseID)];
    for (const each of staff)
      await carrier.give(
        user,
        each,
        entries.map(({ message }) => message),
      );
    await changing.carried(id, new Set(entries.map(({ entry }) => entry.name)));
  }

  #changed(before: GroupLog, after: GroupLog): void {
    const { differences, tending } = this.#require();
    if (before.state?.digest !== after.state?.digest) differences.changed(after.id.entity);
    tending.changed(before, after);
    this.#events.emit('changed', { group: after.id });
  }

  /** Documents of a group have changed, or another tab has changed it. */
  #facts(group: EntityKey): void {
    const id = this.#facebook.protocol.parseID(group);
    this.#require().tending.facts(id);
    this.#events.emit('changed', { group: id });
  }

  /** The founder whom a bulletin names will be told with it. */
  #await(document: Document): void {
    const { founder } = bulletinRoles(document, this.#facebook.protocol.parseID);
    if (founder !== undefined) this.#awaited.set(founder.entity, true);
  }

  #require(): Parts {
    if (this.#parts === undefined) throw new TypeError('the groups belong to no messenger yet');
    return this.#parts;
  }
}
