import type { Logger, Protocol, Store } from '@dimp/core';
import { type JsonObject, type MaybePromise, ownMember, type Reduction } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { NewestRecords } from './newest-records.ts';

/** Who wants no messages from whom (spec §11.11). */
export interface Blocking {
  /** Whether a receiver has blocked the sender, or the group that the message is for. */
  blocks(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean>;
}

/** Which of the two lists of a user: nothing at all from those in it, or no push notification (spec §9.11). */
export type ListName = 'block' | 'mute';

/** A list that a user has stored. */
export interface IDList {
  /** Seconds since the epoch, as the user says. */
  readonly time: number;
  /** As he wrote them. */
  readonly list: readonly string[];
}

interface Loaded extends IDList {
  readonly entities: ReadonlySet<EntityKey>;
}

/** What {@link BlockLists} are made with. */
export interface BlockListsOptions {
  readonly store: Store;
  readonly protocol: Protocol;
  readonly logger: Logger;
}

/** Longest list, in UTF-16 code units of its IDs with one more for each. */
export const MAX_LIST_LENGTH: number = 64 * 1024;

/** Who wants no messages from whom, and who wants no notice of them (spec §9.11, §11.11). */
export class BlockLists {
  readonly #lists: { readonly [N in ListName]: NewestRecords<Loaded> };

  constructor(options: BlockListsOptions) {
    this.#lists = { block: recordsOf('block', options), mute: recordsOf('mute', options) };
  }

  /**
   * Whether a receiver wants nothing of a message: its group is in his list, or where it has none, its sender.
   * Answers at once for those who were asked about lately.
   *
   * @throws `store/` codes
   */
  blocks(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean> {
    return this.#contains('block', receiver, group ?? sender);
  }

  /** Whether a receiver wants no push notification of a message; by the rule of {@link BlockLists.blocks}. */
  mutes(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean> {
    return this.#contains('mute', receiver, group ?? sender);
  }

  /** The list as stored; undefined if the user has never stored one. */
  get(name: ListName, user: ID): MaybePromise<IDList | undefined> {
    return this.#lists[name].get(user);
  }

  /**
   * Replaces a list if this one is newer. It is the caller who bounds it.
   *
   * @param doubtful - name of a command whose time proves nothing
   * @returns whether it was
   * @throws `policy/rate-limited` for too many doubtful ones; `store/` codes
   */
  async save(
    name: ListName,
    user: ID,
    time: number,
    list: readonly ID[],
    doubtful?: string,
  ): Promise<boolean> {
    const texts = list.map(({ text }) => text);
    const entities = new Set(list.map(({ entity }) => entity));
    return this.#lists[name].save(user, { time, list: texts, entities }, undefined, doubtful);
  }

  /**
   * Forgets both lists of a user.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    for (const records of Object.values(this.#lists)) await records.remove(user);
  }

  /** Forgets a part of what is in memory, half by default. */
  reduceMemory(part?: Reduction): void {
    for (const records of Object.values(this.#lists)) records.reduceMemory(part);
  }

  #contains(name: ListName, receiver: ID, who: ID): MaybePromise<boolean> {
    const list = this.#lists[name].get(receiver);
    if (list instanceof Promise) return list.then((loaded) => includes(loaded, who));
    return includes(list, who);
  }
}

function includes(list: Loaded | undefined, { entity }: ID): boolean {
  return list?.entities.has(entity) ?? false;
}

function recordsOf(
  area: ListName,
  { store, protocol, logger }: BlockListsOptions,
): NewestRecords<Loaded> {
  return new NewestRecords<Loaded>({
    store,
    area,
    logger,
    encode: ({ time, list }) => ({ time, list }),
    decode: (record) => decode(record, protocol),
  });
}

function decode(record: JsonObject, protocol: Protocol): Loaded | undefined {
  const time = ownMember(record, 'time');
  const stored = ownMember(record, 'list');
  if (typeof time !== 'number' || !Array.isArray(stored)) return undefined;
  const ids = (stored as readonly unknown[]).map((text) => protocol.parseID(text));
  return {
    time,
    list: ids.map(({ text }) => text),
    entities: new Set(ids.map(({ entity }) => entity)),
  };
}
