import type { Draft } from '@dimp/dkd';
import { Expel, Invite, MAX_CHANGED_MEMBERS, Quit, Resign, Review } from '@dimp/extensions/groups';
import { fieldError, type JsonObject } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { isEntryOf } from '../model/entry.ts';
import type { GroupPolicy } from '../model/policy.ts';
import type { Changing } from './changing.ts';
import { requireRight, requireRoom, unauthorized, unknownState } from './changing.ts';
import type { GroupLog } from './group-log.ts';
import { type GroupEvent, type GroupState, historyOf, stateOf } from './group-state.ts';
import type { GroupLogs } from './logs.ts';

/**
 * A group of the user. Each change resolves when it is signed and on disk; it reaches the members by the outbox.
 *
 * Errors: `policy/unauthorized` if the user may not do it; `state/not-ready` while the state of the group is not known;
 * `format/limit` for too many members; `identity/not-found` without a user.
 */
export interface Group {
  readonly id: ID;
  state(): Promise<GroupState>;
  /** The signed history, the oldest first. */
  history(): AsyncGenerator<GroupEvent>;
  /** Adds members; for an ordinary member, proposes them. */
  invite(users: readonly ID[], options?: { readonly reason?: string }): Promise<void>;
  /** Removes members. Only the owner removes administrators, who lose their office then. */
  remove(users: readonly ID[]): Promise<void>;
  /** Leaves the group, or declines the invitation to it. The owner cannot. */
  leave(): Promise<void>;
  /** Accepts the invitation to the group. */
  accept(): Promise<void>;
  /** Accepts a proposal. @param name - see `GroupProposal` */
  approve(name: string): Promise<void>;
  /** Refuses a proposal. */
  decline(name: string): Promise<void>;
  /** Makes members administrators. For the owner. */
  appoint(users: readonly ID[]): Promise<void>;
  /**
   * Takes the office of administrators. For the owner.
   *
   * @param options.undo - whether what they have changed since the last checkpoint is undone
   */
  dismiss(users: readonly ID[], options?: { readonly undo?: boolean }): Promise<void>;
  /** Changes the name of the group. For the owner. */
  rename(name: string): Promise<void>;
  /** Changes what members may do; the rest stays. For the owner. */
  setPolicy(policy: Partial<GroupPolicy>): Promise<void>;
}

/** Options for {@link GroupHandle}. */
export interface GroupHandleOptions {
  readonly id: ID;
  readonly logs: GroupLogs;
  readonly changing: Changing;
  readonly parseID: (text: unknown) => ID;
  readonly isBehind: (group: EntityKey) => boolean;
}

/** See {@link Group}. */
export class GroupHandle implements Group {
  readonly id: ID;
  readonly #options: GroupHandleOptions;

  constructor(options: GroupHandleOptions) {
    this.id = options.id;
    this.#options = options;
  }

  async state(): Promise<GroupState> {
    const { logs, isBehind } = this.#options;
    return stateOf(await logs.load(this.id), isBehind(this.id.entity));
  }

  async *history(): AsyncGenerator<GroupEvent> {
    yield* historyOf(await this.#options.logs.load(this.id));
  }

  async invite(users: readonly ID[], { reason }: { readonly reason?: string } = {}): Promise<void> {
    await this.#issue((log, user) => {
      const others = users.filter(({ entity }) => !log.isMember(entity));
      if (others.length === 0) return [];
      requireRoom(
        log,
        others.map(({ entity }) => entity),
      );
      if (log.isStaff(user.entity)) return additions(log, others);
      requireRight(log.isMember(user.entity));
      const why = reason === undefined ? {} : { reason };
      return inParts(others).map((members) =>
        Invite.create({ members, ...why }, { group: this.id }),
      );
    });
  }

  async remove(users: readonly ID[]): Promise<void> {
    const log = await this.#options.logs.load(this.id);
    const officers = users.filter(({ entity }) => log.state?.administrators.has(entity));
    if (officers.length > 0) await this.dismiss(officers);
    await this.#issue((current, user) => {
      requireRight(current.isStaff(user.entity));
      requireRight(users.every(({ entity }) => !current.isStaff(entity)));
      const members = users.filter(({ entity }) => current.isMember(entity));
      return inParts(members).map((part) =>
        Expel.create({ members: part, change: {} }, { group: this.id }),
      );
    });
  }

  async leave(): Promise<void> {
    await this.#options.changing.issue(
      this.id,
      (log, user) => {
        requireRight(!log.isFounder(user.entity));
        // Others would not know of whom it is, and drop it.
        if (!log.isMember(user.entity)) return [];
        const quit = Quit.create({}, { group: this.id });
        // Deployed clients refuse an administrator who quits.
        return log.isStaff(user.entity) ? [Resign.create({}, { group: this.id }), quit] : [quit];
      },
      'left',
    );
  }

  async accept(): Promise<void> {
    const { record, state } = await this.#options.logs.load(this.id);
    if (record?.standing === 'active') return;
    if (record?.standing !== 'invited') throw unauthorized();
    if (state === undefined) throw unknownState();
    await this.#options.changing.stand(this.id, 'active');
  }

  async approve(name: string): Promise<void> {
    await this.#issue((log, user) => {
      requireRight(log.isStaff(user.entity));
      const users = proposed(log, name).map((each) => this.#options.parseID(each));
      requireRoom(
        log,
        users.map(({ entity }) => entity),
      );
      return additions(log, users, [name]);
    });
  }

  async decline(name: string): Promise<void> {
    await this.#issue((log, user) => {
      requireRight(log.isStaff(user.entity));
      proposed(log, name);
      return [Review.create({ change: { declines: [name] } }, { group: this.id })];
    });
  }

  async appoint(users: readonly ID[]): Promise<void> {
    const log = await this.#ready();
    requireRight(users.every(({ entity }) => log.isMember(entity)));
    const administrators = new Set(log.state?.administrators.keys());
    for (const { entity } of users) if (!log.isFounder(entity)) administrators.add(entity);
    await this.#options.changing.settle(this.id, { administrators: [...administrators] });
  }

  async dismiss(
    users: readonly ID[],
    { undo = false }: { readonly undo?: boolean } = {},
  ): Promise<void> {
    const { state } = await this.#ready();
    const isOut = (each: string): boolean => users.some(({ entity }) => entity === each);
    const administrators = [...(state?.administrators.keys() ?? [])].filter((each) => !isOut(each));
    const theirs = (state?.live ?? []).filter(
      (entry) => isOut(entry.issuer) && !isEntryOf(entry, 'quit') && !isEntryOf(entry, 'resign'),
    );
    const reject = undo ? { reject: new Set(theirs.map(({ name }) => name)) } : {};
    await this.#options.changing.settle(this.id, { administrators, ...reject });
  }

  async rename(name: string): Promise<void> {
    await this.#options.changing.settle(this.id, { name });
  }

  async setPolicy(policy: Partial<GroupPolicy>): Promise<void> {
    const { state } = await this.#ready();
    const merged: JsonObject = { ...state?.policy, ...policy };
    await this.#options.changing.settle(this.id, { policy: merged });
  }

  async #issue(make: (log: GroupLog, user: ID) => readonly Draft[]): Promise<void> {
    await this.#options.changing.issue(this.id, (log, user) => {
      if (log.state === undefined) throw unknownState();
      return make(log, user);
    });
  }

  async #ready(): Promise<GroupLog> {
    const log = await this.#options.logs.load(this.id);
    if (log.state === undefined) throw unknownState();
    return log;
  }
}

/** Additions of users who are not members, over all removals of them that are known. */
export function additions(
  log: GroupLog,
  users: readonly ID[],
  answers: readonly string[] = [],
): readonly Draft[] {
  return inParts(users).map((members) => {
    const over = members.flatMap((member) => {
      const removals = log.state?.removals.get(member.entity) ?? [];
      return removals.length === 0 ? [] : [{ member, removals }];
    });
    const change = {
      ...(over.length === 0 ? {} : { over }),
      ...(answers.length === 0 ? {} : { answers }),
    };
    return Invite.create({ members, change }, { group: log.id });
  });
}

/** The users of an open proposal. @throws `format/field` if it is none */
function proposed(log: GroupLog, name: string): readonly EntityKey[] {
  const found = log.state?.proposals.find(({ entry }) => entry.name === name);
  if (found === undefined) throw fieldError('name', 'must be that of an open proposal');
  return found.users;
}

/** Parts of a list that fit into one entry. */
function inParts(users: readonly ID[]): readonly (readonly ID[])[] {
  const once = users.filter((each, at) => users.findIndex((one) => sameEntity(one, each)) === at);
  const parts: ID[][] = [];
  for (let at = 0; at < once.length; at += MAX_CHANGED_MEMBERS) {
    parts.push(once.slice(at, at + MAX_CHANGED_MEMBERS));
  }
  return parts;
}
