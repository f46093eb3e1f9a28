import type { ServiceHost } from '@dimp/client';
import type { Draft, ReliableMessage } from '@dimp/dkd';
import { createGroup } from '@dimp/endpoint';
import { Reset } from '@dimp/extensions/groups';
import { definedOnly, type JsonObject, ProtocolError } from '@dimp/foundation';
import { type EntityKey, type ID, signDocument } from '@dimp/mkm';
import type { PublicSigner } from '../evidence/sign-public.ts';
import {
  type CheckpointChanges,
  firstCheckpoint,
  type NewCheckpoint,
  nextCheckpoint,
  nextTime,
} from '../model/checkpoint.ts';
import { MAX_MEMBERS, wholeMs } from '../model/entry.ts';
import { entryOf, type KeptEntry } from '../store/entry-record.ts';
import type { Standing } from '../store/group-record.ts';
import type { Account } from './account.ts';
import { GroupLog } from './group-log.ts';
import type { GroupLogs } from './logs.ts';

/** Options for {@link Changing}. */
export interface ChangingOptions {
  readonly host: ServiceHost;
  readonly account: Account;
  readonly logs: GroupLogs;
  readonly signer: PublicSigner;
  /** Called when a change of this user is on disk. */
  readonly onChange: (before: GroupLog, after: GroupLog) => void;
}

/** What a founder changes. */
export interface FounderChanges extends Pick<CheckpointChanges, 'administrators' | 'reject'> {
  readonly name?: string;
  readonly policy?: JsonObject;
}

/** Writes what this user changes in groups: signed, on disk, and then on its way. */
export class Changing {
  readonly #options: ChangingOptions;

  constructor(options: ChangingOptions) {
    this.#options = options;
  }

  /** Founds a group. See {@link createGroup}. */
  async found(
    name: string,
    { members, policy }: { readonly members: readonly ID[]; readonly policy: JsonObject },
  ): Promise<ID> {
    if (members.length >= MAX_MEMBERS) throw tooMany(members.length);
    const { account, host, logs } = this.#options;
    const { facebook } = host;
    const user = await account.require();
    const bulletin = { policy };
    const { id } = await createGroup(name, { facebook, founder: user, members, bulletin });
    await logs.changing(id, async () => {
      const before = await logs.load(id);
      const checkpoint = firstCheckpoint(
        user.entity,
        members.map(({ entity }) => entity),
        { time: nextTime(before.entries, facebook.clock.now()), policy },
      );
      const entry = await this.#checkpoint(user, id, checkpoint);
      await this.#write(before, [entry], 'active');
    });
    return id;
  }

  /**
   * Issues entries in a group.
   *
   * @param make - the drafts of the entries; throws if the user may not
   * @param standing - the standing of the user after it; the same by default
   */
  async issue(
    id: ID,
    make: (log: GroupLog, user: ID) => readonly Draft[],
    standing?: Standing,
  ): Promise<readonly KeptEntry[]> {
    const { account, host, logs, signer } = this.#options;
    const user = await account.require();
    return logs.changing(id, async () => {
      const before = await logs.load(id);
      const entries: KeptEntry[] = [];
      let time = nextTime(before.entries, host.facebook.clock.now());
      for (const draft of make(before, user)) {
        const message = await signer.sign({ sender: user, draft, time, group: id });
        entries.push(this.#kept(message));
        time += 1;
      }
      await this.#write(before, entries, standing);
      return entries;
    });
  }

  /** Changes what only the founder may change: a new bulletin and a checkpoint together. */
  async settle(id: ID, changes: FounderChanges = {}): Promise<void> {
    const { account, host, logs } = this.#options;
    const { facebook } = host;
    const user = await account.require();
    await logs.changing(id, async () => {
      const before = await logs.load(id);
      if (!before.isFounder(user.entity)) throw unauthorized();
      const since = await this.#publish(id, changes);
      const made = nextCheckpoint(
        {
          founder: user.entity,
          bulletin: before.facts.bulletin,
          entries: before.entries,
          now: facebook.clock.now(),
        },
        definedOnly({ ...changes, since }),
      );
      if (made === undefined) throw unknownState();
      const entry = await this.#checkpoint(user, id, made);
      // The bulletin has changed the facts.
      const current = await logs.load(id);
      await this.#write(current, [entry]);
    });
  }

  /** Notes that entries of this user were handed to the outbox. */
  async carried(id: ID, names: ReadonlySet<string>): Promise<void> {
    const { logs } = this.#options;
    await logs.changing(id, async () => {
      const before = await logs.load(id);
      let after = before;
      for (const name of names) {
        const kept = before.kept.get(name);
        if (kept?.isNew === undefined) continue;
        const { isNew: _, ...rest } = kept;
        after = after.with({ entry: rest });
      }
      if (after !== before) await logs.write(logs.change(before, after));
    });
  }

  /** Changes where the user stands in a group. */
  async stand(id: ID, standing: Standing): Promise<void> {
    const { logs, host, onChange } = this.#options;
    await logs.changing(id, async () => {
      const before = await logs.load(id);
      const since = host.facebook.clock.now();
      const next = before.with({ record: { ...before.record, id, standing, since } });
      const change = logs.change(before, next);
      await logs.write(change);
      onChange(before, change.log);
    });
  }

  /** Signs and saves a new bulletin if something in it changes. @returns its time in milliseconds */
  async #publish(
    id: ID,
    { name, administrators, policy }: FounderChanges,
  ): Promise<number | undefined> {
    const texts = administrators?.map((each) => each as string);
    const more = definedOnly({ name, administrators: texts, policy });
    if (Object.keys(more).length === 0) return undefined;
    const { account, host } = this.#options;
    const { facebook } = host;
    const user = await account.require();
    const old = await facebook.document(id);
    const signer = await facebook.requireSigner(user);
    const now = Math.max(facebook.clock.now() / 1000, (old?.time ?? 0) + 0.001);
    const properties = { ...old?.properties, ...more, founder: user.text };
    const bulletin = await signDocument({ did: id, type: 'bulletin', properties, now }, signer);
    await facebook.saveDocument(bulletin, id);
    return wholeMs(bulletin.time ?? now);
  }

  async #checkpoint(
    user: ID,
    group: ID,
    { members, state, time }: NewCheckpoint,
  ): Promise<KeptEntry> {
    const { signer, host } = this.#options;
    const { parseID } = host.facebook.protocol;
    const draft = Reset.create(
      {
        members: members.map(parseID),
        state: {
          floor: state.floor / 1000,
          folds: [...state.folds],
          administrators: [...state.administrators].map(([each, since]) => ({
            id: parseID(each),
            since: since / 1000,
          })),
          policy: state.policy,
          ...definedOnly({ previous: state.previous }),
        },
      },
      { group },
    );
    // Deployed clients pack it without the group in the envelope.
    return this.#kept(await signer.sign({ sender: user, draft, time }));
  }

  #kept(message: ReliableMessage): KeptEntry {
    const { facebook } = this.#options.host;
    const entry = entryOf(message, facebook.protocol);
    if (entry === undefined) throw new TypeError('an entry must be one for its reader');
    return {
      entry,
      issuer: message.envelope.sender,
      message: message.wire,
      arrived: facebook.clock.now(),
      isNew: true,
    };
  }

  async #write(
    before: GroupLog,
    entries: readonly KeptEntry[],
    standing: Standing | undefined = before.record?.standing,
  ): Promise<void> {
    const { logs, host, onChange } = this.#options;
    const { id, record } = before;
    let after = before;
    for (const entry of entries) after = after.with({ entry });
    if (standing !== undefined && standing !== record?.standing) {
      const since = host.facebook.clock.now();
      after = after.with({ record: { ...record, id, standing, since } });
    }
    if (after === before) return;
    const change = logs.change(before, after);
    await logs.write(change);
    onChange(before, change.log);
  }
}

/** A group as it was before the entries that were not carried yet. */
export function withoutNew({ id, facts, record, kept }: GroupLog): GroupLog {
  const old = new Map([...kept].filter(([, each]) => !each.isNew));
  const before = new GroupLog(id, facts, record, old);
  // The bulletin may have changed with a new checkpoint. Before that, the last checkpoint said who the administrators were.
  if (before.state?.checkpoint.act.state === undefined) return before;
  return new GroupLog(id, { ...facts, bulletin: undefined }, record, old);
}

/** @throws `policy/unauthorized` unless a condition holds */
export function requireRight(condition: boolean): void {
  if (!condition) throw unauthorized();
}

/** @throws `format/limit` if a group would have too many members */
export function requireRoom(log: GroupLog, more: readonly EntityKey[]): void {
  const members = new Set([...(log.state?.members ?? []), ...more]);
  if (members.size > MAX_MEMBERS) throw tooMany(members.size);
}

export function unauthorized(): ProtocolError<'policy/unauthorized'> {
  return new ProtocolError('policy/unauthorized', 'the user may not change this in the group');
}

export function unknownState(): ProtocolError<'state/not-ready'> {
  return new ProtocolError('state/not-ready', 'the state of the group is not known yet');
}

function tooMany(count: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `a group must have at most ${MAX_MEMBERS} members`, {
    details: { limit: 'members', max: MAX_MEMBERS, count },
  });
}
