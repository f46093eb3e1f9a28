import type { ServiceHost } from '@dimp/client';
import type { Draft } from '@dimp/dkd';
import { Cooldown } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import { readPolicy } from '../model/policy.ts';
import type { Account } from './account.ts';
import type { Carrier } from './carrier.ts';
import { type Changing, withoutNew } from './changing.ts';
import { additions } from './group-handle.ts';
import type { GroupLog } from './group-log.ts';
import type { Later } from './later.ts';
import type { GroupLogs } from './logs.ts';

/** Live entries from which on the founder's program makes a checkpoint. */
const MAX_LIVE = 64;
/** How long entries stay live otherwise, and how often groups are looked at, in milliseconds. */
const SETTLE_MS = 86_400_000;
const TEND_MS = 3_600_000;
/** Time between two messages to somebody that they were removed, in milliseconds. */
const TELL_MS = 600_000;
/** How much later the next administrator accepts what the policy allows, in milliseconds. */
const NEXT_STAFF_MS = 30_000;

/** Options for {@link Tending}. */
export interface TendingOptions {
  readonly host: ServiceHost;
  readonly account: Account;
  readonly logs: GroupLogs;
  readonly carrier: Carrier;
  readonly changing: Changing;
  readonly later: Later;
}

/** What the program does for groups without being told: carries entries, makes checkpoints, accepts what the policy allows. */
export class Tending {
  readonly #options: TendingOptions;
  readonly #told: Cooldown;

  constructor(options: TendingOptions) {
    this.#options = options;
    this.#told = new Cooldown(options.host.facebook.clock, TELL_MS);
  }

  start(): void {
    this.#tend();
  }

  /** A group has changed on disk. */
  changed(before: GroupLog, after: GroupLog): void {
    const { account, later } = this.#options;
    const { id } = after;
    later.now(async () => {
      if (!sameMembers(before, after)) await this.#announce(id);
      const user = await account.find();
      if (user === undefined) return;
      await this.#tellOverruled(user, before, after);
      await this.#carry(user, id);
      const log = await this.#options.logs.load(id);
      if (log.isFounder(user.entity) && (log.state?.counted.size ?? 0) >= MAX_LIVE) {
        await this.#options.changing.settle(id);
      }
      this.#considerProposals(user, log);
    });
  }

  /** Somebody has spoken who does not know that they were removed: owner and administrators tell them. */
  spoke(log: GroupLog, sender: ID): void {
    const { account, carrier, later } = this.#options;
    later.now(async () => {
      const user = await account.find();
      if (user === undefined || !log.isStaff(user.entity)) return;
      if (!this.#told.pass(`${log.id.entity} ${sender.entity}`)) return;
      await carrier.tellRemoved(user, sender, log);
    });
  }

  /** The documents of a group have changed, and with them perhaps its members. */
  facts(id: ID): void {
    this.#options.later.now(async () => {
      const { account, changing, logs } = this.#options;
      const log = await logs.load(id);
      const user = await account.find();
      if (log.record === undefined || log.state === undefined || user === undefined) return;
      await this.#announce(id);
      // Who has added the user was dismissed.
      const isOver = log.record.standing === 'active' && !log.isMember(user.entity);
      if (isOver) await changing.stand(id, 'removed');
    });
  }

  #tend(): void {
    const { later } = this.#options;
    later.now(async () => {
      const user = await this.#options.account.find();
      if (user === undefined) return;
      for (const { id } of await this.#options.logs.list()) {
        await this.#carry(user, id);
        await this.#settleOld(user, id);
      }
    });
    later.after(TEND_MS, async () => this.#tend());
  }

  /** Tells those whom this user has added that a removal overrules it: its issuer does not know of the addition. */
  async #tellOverruled(user: ID, before: GroupLog, after: GroupLog): Promise<void> {
    const { host, carrier } = this.#options;
    const added = new Set<string>();
    for (const { entry, isNew } of after.kept.values()) {
      // What was not carried yet tells them itself.
      if (isNew) return;
      const isMine = entry.issuer === user.entity && entry.act.kind === 'add';
      if (isMine) for (const each of entry.act.members) added.add(each);
    }
    for (const each of before.state?.members ?? []) {
      if (after.isMember(each) || !added.has(each) || each === user.entity) continue;
      await carrier.tellRemoved(user, host.facebook.protocol.parseID(each), after);
    }
  }

  /** Hands entries of this user to the outbox that were not handed over yet, such as those of a run that was killed. */
  async #carry(user: ID, id: ID): Promise<void> {
    const { logs, carrier, changing } = this.#options;
    const after = await logs.load(id);
    const entries = [...after.kept.values()].filter(
      ({ isNew, entry }) => isNew === true && entry.act.kind !== 'join',
    );
    if (entries.length === 0) return;
    const hasBulletin = entries.some(({ entry }) => entry.act.kind === 'list');
    await carrier.carry(user, { before: withoutNew(after), after, entries, hasBulletin });
    await changing.carried(id, new Set(entries.map(({ entry }) => entry.name)));
  }

  async #settleOld(user: ID, id: ID): Promise<void> {
    const { host, logs, changing } = this.#options;
    const log = await logs.load(id);
    const { state } = log;
    if (!log.isFounder(user.entity) || state === undefined || state.counted.size === 0) return;
    const age = host.facebook.clock.now() - state.checkpoint.time;
    if (age >= SETTLE_MS) await changing.settle(id);
  }

  /** Tells the other parts of the program that the members have changed. */
  async #announce(id: ID): Promise<void> {
    const { host, logs } = this.#options;
    const { facebook } = host;
    await logs.changing(id, async () => {
      const { state } = await logs.load(id);
      if (state === undefined) return;
      await facebook.saveMembers(id, state.members.map(facebook.protocol.parseID));
    });
  }

  /** Accepts invitations of members if the policy says so: the owner at once, administrators one after the other. */
  #considerProposals(user: ID, log: GroupLog): void {
    const { host, later } = this.#options;
    const { state } = log;
    if (state === undefined || readPolicy(state.policy).invite !== 'members') return;
    if (!log.isStaff(user.entity) || acceptable(log, host.facebook.protocol.parseID).length === 0)
      return;
    const rank = log.isFounder(user.entity)
      ? 0
      : [...state.administrators.keys()].sort().indexOf(user.entity) + 1;
    const { parseID } = host.facebook.protocol;
    const accept = async (): Promise<void> => {
      await this.#options.changing.issue(log.id, (current) => acceptable(current, parseID));
    };
    if (rank === 0) later.now(accept);
    else later.after(rank * NEXT_STAFF_MS, accept);
  }
}

/** Additions for the invitations of members. */
function acceptable(log: GroupLog, parseID: (text: unknown) => ID): readonly Draft[] {
  const proposals = (log.state?.proposals ?? []).filter(({ entry }) => entry.act.kind === 'invite');
  return proposals.flatMap(({ entry, users }) => additions(log, users.map(parseID), [entry.name]));
}

function sameMembers(before: GroupLog, after: GroupLog): boolean {
  return JSON.stringify(before.state?.members) === JSON.stringify(after.state?.members);
}
