import { type Store, type StoreChange, withLock } from '@dimp/core';
import { encodeRecord, type Facebook } from '@dimp/endpoint';
import { encodeHex, type Handle, LruMap, makeHandle, randomBytes } from '@dimp/foundation';
import { bulletinRoles, type EntityKey, type ID } from '@dimp/mkm';
import { wholeMs } from '../model/entry.ts';
import { decodeEntry, encodeEntry, type KeptEntry } from '../store/entry-record.ts';
import { decodeGroup, encodeGroup, type GroupRecord } from '../store/group-record.ts';
import { entriesPath, entryPath, groupLock, groupPath, membersPath } from '../store/paths.ts';
import { type GroupFacts, GroupLog } from './group-log.ts';

/** Groups in memory; others are read again. */
const MAX_GROUPS = 256;

/** A change of a group: what to write, and the group afterwards. */
export interface LogChange {
  readonly changes: readonly StoreChange[];
  readonly log: GroupLog;
}

/** The groups of a store. Changes of one group happen under its lock. */
export class GroupLogs {
  readonly #facebook: Facebook;
  /** By revision: changes that wait for their batch are not in the store yet, and may never be. */
  readonly #cache = new LruMap<string, GroupLog>(MAX_GROUPS);
  /** Grows when the documents of groups have changed. */
  #generation = 0;

  constructor(facebook: Facebook) {
    this.#facebook = facebook;
  }

  /** Listens to changes of documents, and of groups by other tabs. */
  watch(changed: (group: EntityKey) => void): Handle {
    const { events, store } = this.#facebook;
    const forget = (entity: EntityKey): void => {
      this.#generation += 1;
      for (const [revision, log] of [...this.#cache.entries()]) {
        if (log.id.entity === entity) this.#cache.delete(revision);
      }
      changed(entity);
    };
    const handles = [
      events.on('documentSaved', ({ id }) => id.isGroup && forget(id.entity)),
      events.on('metaSaved', ({ id }) => this.#forgetUnfounded(id, forget)),
      store.sharing?.watch((keys) => {
        const groups = keys.filter(([area]) => area === 'group').map(([, entity]) => entity);
        for (const each of new Set(groups)) if (each !== undefined) changed(each as EntityKey);
      }),
    ];
    return makeHandle(() => {
      for (const each of handles) each?.close();
    });
  }

  /** Runs a change of a group under its lock. */
  changing<T>({ entity }: ID, task: () => Promise<T>): Promise<T> {
    return withLock(this.#facebook.store, groupLock(entity), task);
  }

  /**
   * Reads a group.
   *
   * @param store - the store, or its view with the changes that wait for a batch
   * @throws `store/` codes
   */
  async load(id: ID, store: Pick<Store, 'get' | 'list'> = this.#facebook.store): Promise<GroupLog> {
    const { protocol } = this.#facebook;
    const generation = this.#generation;
    const bytes = await store.get(groupPath(id));
    const record = bytes === undefined ? undefined : decodeGroup(bytes, protocol);
    const revision = record?.revision;
    const known = revision === undefined ? undefined : this.#cache.get(revision);
    if (known !== undefined) return known;
    const kept = new Map<string, KeptEntry>();
    for await (const [, value] of store.list(entriesPath(id))) {
      const entry = decodeEntry(value, protocol);
      kept.set(entry.entry.name, entry);
    }
    const log = new GroupLog(id, await this.#facts(id), record, kept);
    if (revision !== undefined && generation === this.#generation) this.#cache.set(revision, log);
    return log;
  }

  /** IDs of all groups that are known. */
  async list(store: Pick<Store, 'list'> = this.#facebook.store): Promise<readonly GroupRecord[]> {
    const { protocol } = this.#facebook;
    const records: GroupRecord[] = [];
    for await (const [, value] of store.list(['group'])) records.push(decodeGroup(value, protocol));
    return records;
  }

  /** What to write so that a group becomes another. Both may be read before it is written. */
  change(before: GroupLog, next: GroupLog): LogChange {
    const { id, record } = next;
    if (record === undefined) throw new TypeError('a group that changes must have a record');
    const revision = encodeHex(randomBytes(8));
    const after = next.with({ record: { ...record, revision } });
    const changes: StoreChange[] = [];
    for (const [name, entry] of after.kept) {
      if (before.kept.get(name) === entry) continue;
      changes.push({ type: 'set', key: entryPath(id, name), value: encodeEntry(entry) });
    }
    const value = encodeGroup({ ...record, revision });
    changes.push({ type: 'set', key: groupPath(id), value });
    const members = after.state?.members;
    if (members !== undefined && !sameList(members, before.state?.members)) {
      changes.push({ type: 'set', key: membersPath(id), value: encodeRecord([...members]) });
    }
    this.#cache.set(revision, after);
    return { changes, log: after };
  }

  /** Writes a change at once. The caller holds the lock. */
  async write({ changes }: LogChange): Promise<void> {
    await this.#facebook.store.batch(changes);
  }

  async #facts(id: ID): Promise<GroupFacts> {
    const founder = await this.#facebook.founder(id);
    const document = await this.#facebook.document(id);
    if (document === undefined) return { founder, bulletin: undefined, assistants: [] };
    const { administrators, assistants } = bulletinRoles(document, this.#facebook.protocol.parseID);
    const bulletin = {
      time: wholeMs(document.time ?? 0),
      administrators: administrators.map(({ entity }) => entity),
    };
    return { founder, bulletin, assistants };
  }

  /** A meta may prove who founded a group. */
  #forgetUnfounded({ entity }: ID, forget: (group: EntityKey) => void): void {
    for (const [, log] of [...this.#cache.entries()]) {
      const group = log.id.entity;
      if (group === entity || log.facts.founder === undefined) forget(group);
    }
  }
}

function sameList(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a.length === b?.length && a.every((each, at) => each === b[at]);
}
