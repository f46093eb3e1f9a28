import type { Logger, Protocol, Store } from '@dimp/core';
import { type JsonObject, type MaybePromise, ownMember, type Reduction } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { NewestRecords } from './newest-records.ts';

/** Knows which senders and groups a user has blocked (spec §11.11). */
export interface Blocking {
  /** Whether a receiver has blocked the group that a message is for, or its sender. */
  blocks(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean>;
}

/** One of the two lists of a user (spec §9.11): `block` stops messages, `mute` stops push notifications. */
export type ListName = 'block' | 'mute';

/** A list that a user has stored. */
export interface IDList {
  /** Seconds since the epoch, from the user's command. */
  readonly time: number;
  /** IDs as the user wrote them. */
  readonly list: readonly string[];
}

interface Loaded extends IDList {
  readonly entities: ReadonlySet<EntityKey>;
}

/** Options for {@link BlockLists}. */
export interface BlockListsOptions {
  readonly store: Store;
  readonly protocol: Protocol;
  readonly logger: Logger;
}

/** Longest list, in UTF-16 code units of its IDs, plus one for each. */
export const MAX_LIST_LENGTH: number = 64 * 1024;

/** The block and mute lists of users (spec §9.11, §11.11). */
export class BlockLists {
  readonly #lists: { readonly [N in ListName]: NewestRecords<Loaded> };

  constructor(options: BlockListsOptions) {
    this.#lists = { block: recordsOf('block', options), mute: recordsOf('mute', options) };
  }

  /**
   * Whether a receiver has blocked a message: its group is in their list or, for a message without a group, its sender.
   * Answers synchronously for lists that are cached.
   *
   * @throws `store/` codes
   */
  blocks(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean> {
    return this.#contains('block', receiver, group ?? sender);
  }

  /** Whether a receiver wants no push notification for a message. The rule is that of {@link BlockLists.blocks}. */
  mutes(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean> {
    return this.#contains('mute', receiver, group ?? sender);
  }

  /** The stored list; undefined if the user has none. */
  get(name: ListName, user: ID): MaybePromise<IDList | undefined> {
    return this.#lists[name].get(user);
  }

  /**
   * Replaces a list if this one is newer. The caller checks its length.
   *
   * @param doubtful - name of a command with a time that cannot be trusted
   * @returns whether it was newer
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
   * Deletes both lists of a user.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    for (const records of Object.values(this.#lists)) await records.remove(user);
  }

  /** Drops a part of the cache, half by default. */
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
