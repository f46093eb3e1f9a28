import type { ServiceContext, ServiceMessage, Taken } from '@dimp/client';
import type { Facebook } from '@dimp/endpoint';
import { definedOnly } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { type Entry, isEntryOf } from '../model/entry.ts';
import { isCheckpoint } from '../model/live.ts';
import { readPolicy } from '../model/policy.ts';
import { readEntry } from '../model/read-entry.ts';
import type { GroupRecord, Standing } from '../store/group-record.ts';
import type { Account } from './account.ts';
import type { GroupLog } from './group-log.ts';
import type { GroupLogs, LogChange } from './logs.ts';

/** Entries of one group that are kept while they count or may count. */
export const MAX_KEPT = 4096;
/** Entries of a group whose founder or checkpoint is not known. */
const MAX_UNPROVEN = 512;
/** Requests of strangers to join a group that are kept. */
const MAX_JOINS = 64;
/** An entry may be that far ahead of the local clock, in milliseconds. */
const MAX_AHEAD_MS = 30 * 60_000;
/** Groups that strangers have told the user of, and that the user has not accepted. */
const MAX_INVITATIONS = 64;

/** Options for {@link Taking}. */
export interface TakingOptions {
  readonly facebook: Facebook;
  readonly account: Account;
  readonly logs: GroupLogs;
  /** Whether the user accepts invitations of a peer without being asked. */
  readonly accepts: (user: ID, peer: ID) => Promise<boolean>;
  /** Called when a change of a group is on disk. */
  readonly onChange: (before: GroupLog, after: GroupLog) => void;
  /** The founder has made two checkpoints that do not know each other. */
  readonly onEquivocation: (group: ID) => void;
}

/** Takes entries that arrive: keeps what may count, and brings the list of members up to date. */
export class Taking {
  readonly #options: TakingOptions;

  constructor(options: TakingOptions) {
    this.#options = options;
  }

  /** Takes a public message whose signature was verified. The caller holds the lock of the group. */
  async take(message: ServiceMessage, context: ServiceContext): Promise<Taken> {
    const { content, envelope, id, forwarder, signed } = message;
    const { group } = content;
    if (signed === undefined || group === undefined) return {};
    const entry = readEntry(id, envelope.sender, content);
    if (entry === undefined) return { passOn: false };
    const { account, logs, onChange } = this.#options;
    const user = (await account.find()) ?? message.user;
    const log = await logs.load(group, context);
    if (log.kept.has(entry.name) || !(await this.#isKept(entry, log, forwarder, context))) {
      return { passOn: false };
    }
    const kept = {
      entry,
      issuer: envelope.sender,
      message: signed.wire,
      arrived: this.#now(),
    };
    const next = log.with({ entry: kept });
    const record = await this.#recordAfter(next, user, forwarder);
    const change: LogChange = logs.change(log, next.with({ record }));
    return {
      changes: change.changes,
      passOn: false,
      written: () => {
        this.#checkForks(entry, log);
        onChange(log, change.log);
      },
    };
  }

  /** The standing of the user after a change of a group. */
  async #recordAfter(log: GroupLog, user: ID, from: ID | undefined): Promise<GroupRecord> {
    const { id, state } = log;
    const set = (standing: Standing): GroupRecord => ({
      ...log.record,
      id,
      standing,
      since: this.#now(),
      ...definedOnly({ from }),
    });
    const record = log.record ?? set('invited');
    const isMember = log.isMember(user.entity);
    if (state === undefined) return record;
    if (!isMember) return record.standing === 'active' ? set('removed') : record;
    if (record.standing === 'active') return record;
    if (log.isFounder(user.entity)) return set('active');
    const inviter = from ?? record.from;
    if (inviter !== undefined && (await this.#options.accepts(user, inviter))) return set('active');
    return record.standing === 'invited' ? record : set('invited');
  }

  /** Whether an entry may count now or later. */
  async #isKept(
    entry: Entry,
    log: GroupLog,
    forwarder: ID | undefined,
    context: ServiceContext,
  ): Promise<boolean> {
    if (entry.time > this.#now() + MAX_AHEAD_MS) return false;
    if (log.record === undefined && !(await this.hasRoom(forwarder, context))) return false;
    const { state, facts } = log;
    if (facts.founder === undefined || state === undefined) return log.kept.size < MAX_UNPROVEN;
    if (isCheckpoint(facts.founder.entity, entry)) return true;
    if (log.kept.size >= MAX_KEPT || entry.time <= (state.checkpoint.act.state?.floor ?? 0)) {
      return false;
    }
    if (!isEntryOf(entry, 'join')) return log.hasHeardOf(entry.issuer);
    const joins = state.proposals.filter((each) => isEntryOf(each.entry, 'join')).length;
    return readPolicy(state.policy).join !== 'closed' && joins < MAX_JOINS;
  }

  /** Whether a peer may tell the user of one more group. */
  async hasRoom(peer: ID | undefined, store?: Pick<ServiceContext, 'list'>): Promise<boolean> {
    if (peer === undefined) return false;
    const all = await this.#options.logs.list(store);
    const invitations = all.filter(({ standing }) => standing === 'invited');
    const ofPeer = invitations.filter(({ from }) => from !== undefined && sameEntity(from, peer));
    return invitations.length < MAX_INVITATIONS && ofPeer.length < MAX_INVITATIONS / 4;
  }

  /** Two checkpoints after the same one: two devices of the founder, or a founder who tells two stories. */
  #checkForks(entry: Entry, log: GroupLog): void {
    const { founder } = log.facts;
    if (founder === undefined || !isCheckpoint(founder.entity, entry)) return;
    const previous = entry.act.state?.previous;
    if (previous === undefined) return;
    const isFork = log.entries.some(
      (each) =>
        isCheckpoint(founder.entity, each) &&
        each.act.state?.previous === previous &&
        each.name !== entry.name,
    );
    if (isFork) this.#options.onEquivocation(log.id);
  }

  #now(): number {
    return this.#options.facebook.clock.now();
  }
}
