import type { Clock, StoreChange, StoreKey } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import { corruptRecord, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import {
  decodeBase64,
  definedOnly,
  encodeBase64,
  type JsonObject,
  LruMap,
  type Reduction,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { BatchedStore } from './batched-store.ts';

/**
 * What an owed receipt waits for: the visa of the sender, the user's acceptance of the sender, or the network.
 */
export type OwedFor = 'visa' | 'acceptance' | 'network';

/** A receipt that has not been sent. */
export interface OwedReceipt {
  readonly for: OwedFor;
  /** Signature of the message, which the receipt names. */
  readonly signature: Uint8Array;
}

/** Record of a received message. */
export interface SeenMessage {
  /** When it arrived, in milliseconds since the epoch, not the time in the message. */
  readonly arrived: number;
  /** An earlier version of this program could not trust its age, so it is never forgotten. */
  readonly ageless?: true;
  /** It is not proven that the sender knows the content. */
  readonly unproven?: true;
  readonly owed?: OwedReceipt;
  /** Data for its receipt; absent if it gets none. */
  readonly receipt?: {
    readonly envelope: Envelope;
    readonly content: Pick<Content, 'sn' | 'group'>;
    /**
     * Text of the receipt; by default that the message was received. In memory only: after a restart the message is
     * processed again.
     */
    readonly text?: string;
  };
}

/** Number of records that are kept in memory. */
const RECENT = 4096;
/** How long an owed receipt is useful: as long as senders repeat a message. */
const OWED_RETENTION_MS = 7 * 24 * 60 * 60_000;
/** Limit on receipts that are owed to one sender. */
const MAX_OWED = 64;
/** Number of records that are deleted in one batch. */
const BATCH = 1000;

const WHAT = 'seen message';

/**
 * Remembers the messages that were received, by name ({@link messageID}). No message is accepted twice, not even after
 * a restart (spec §14.3 #28, §14.7 no. 4).
 */
export class ReplayMemory {
  readonly #store: BatchedStore;
  readonly #clock: Clock;
  readonly #retentionMs: number;
  readonly #readID: (text: unknown) => ID;
  readonly #onDamaged: (error: unknown) => void;
  readonly #recent = new LruMap<string, SeenMessage>(RECENT);

  /**
   * @param retentionMs - how long a message is remembered
   * @param onDamaged - called for records that cannot be read
   */
  constructor(
    store: BatchedStore,
    clock: Clock,
    retentionMs: number,
    readID: (text: unknown) => ID,
    onDamaged: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#retentionMs = retentionMs;
    this.#readID = readID;
    this.#onDamaged = onDamaged;
  }

  async get(id: string): Promise<SeenMessage | undefined> {
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const bytes = await this.#store.get(['seen', id]);
    return bytes === undefined ? undefined : this.#decode(bytes);
  }

  async has(id: string): Promise<boolean> {
    return (await this.get(id)) !== undefined;
  }

  /** Returns the name of a received message with the same content, see `contentName`. */
  async sameContent(contentName: string): Promise<string | undefined> {
    const bytes = await this.#store.get(['seen-content', contentName]);
    if (bytes === undefined) return undefined;
    const { id } = decodeContent(bytes) ?? {};
    return id;
  }

  /**
   * Returns the changes that note a message as received, to be written together with its inbox items.
   *
   * @param contentName - name of its content, if its sender may pack it anew
   */
  changes(id: string, seen: SeenMessage, contentName?: string): readonly StoreChange[] {
    const changes: StoreChange[] = [{ type: 'set', key: ['seen', id], value: encode(seen) }];
    const { owed, receipt, arrived } = seen;
    if (owed !== undefined && receipt !== undefined) {
      const key = owedPath(receipt.envelope.sender, id);
      changes.push({ type: 'set', key, value: encodeRecord({ arrived }) });
    }
    if (contentName !== undefined) {
      const value = encodeRecord({ arrived, id });
      changes.push({ type: 'set', key: ['seen-content', contentName], value });
    }
    return changes;
  }

  /** Notes in memory that a message was received, unless the open batch fails. Commands are noted only here. */
  note(id: string, seen: SeenMessage): void {
    this.#recent.set(id, seen);
    this.#store.afterwards({ failed: () => this.#recent.delete(id) });
  }

  /** Whether another receipt can be owed to a sender. */
  async mayOwe(sender: ID): Promise<boolean> {
    return (await this.owed(sender.entity)).length < MAX_OWED;
  }

  /** Notes that the receipt of a message could not be sent. */
  async owe(id: string, owed: OwedReceipt): Promise<void> {
    const seen = await this.get(id);
    const sender = seen?.receipt?.envelope.sender;
    if (seen === undefined || sender === undefined) return;
    if (seen.owed === undefined && !(await this.mayOwe(sender))) return;
    const next = { ...seen, owed };
    await this.#store.batch(this.changes(id, next));
    this.note(id, next);
  }

  /** Notes that the receipt of a message has been sent. */
  async paid(id: string): Promise<void> {
    const seen = await this.get(id);
    const sender = seen?.receipt?.envelope.sender;
    if (seen?.owed === undefined || sender === undefined) return;
    const { owed: _, ...next } = seen;
    await this.#store.batch([
      ...this.changes(id, next),
      { type: 'delete', key: owedPath(sender, id) },
    ]);
    this.note(id, next);
  }

  /**
   * Returns the messages whose receipts are owed and still useful.
   *
   * @param sender - only messages of this sender
   */
  async owed(sender?: EntityKey): Promise<readonly string[]> {
    const oldest = this.#clock.now() - OWED_RETENTION_MS;
    const found: string[] = [];
    for await (const [[, , id], bytes] of this.#store.list(
      sender === undefined ? ['owed'] : ['owed', sender],
    )) {
      if (id !== undefined && arrivedOf(bytes) >= oldest) found.push(id);
    }
    return found;
  }

  /** Deletes records of messages that would be refused as too old, and owed receipts that are no longer useful. */
  async purge(): Promise<void> {
    const now = this.#clock.now();
    const oldest = now - this.#retentionMs;
    await this.#delete(['seen'], (bytes) => {
      const { arrived, ageless } = this.#decode(bytes);
      return arrived < oldest && !ageless;
    });
    await this.#delete(['seen-content'], (bytes) => arrivedOf(bytes) < oldest);
    await this.#delete(['owed'], (bytes) => arrivedOf(bytes) < now - OWED_RETENTION_MS);
  }

  async #delete(area: StoreKey, isOld: (bytes: Uint8Array) => boolean): Promise<void> {
    let changes: StoreChange[] = [];
    for await (const [key, bytes] of this.#store.list(area)) {
      if (!isOld(bytes)) continue;
      changes.push({ type: 'delete', key });
      if (changes.length === BATCH) {
        await this.#store.batch(changes);
        changes = [];
      }
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }

  reduceMemory(part?: Reduction): void {
    this.#recent.reduce(part);
  }

  /** A damaged record still proves that its message was received, which must not be lost. */
  #decode(bytes: Uint8Array): SeenMessage {
    try {
      return decode(bytes, this.#readID);
    } catch (error) {
      this.#onDamaged(error);
      return { arrived: 0, ageless: true };
    }
  }
}

function owedPath(sender: ID, id: string): StoreKey {
  return ['owed', sender.entity, id];
}

/** A damaged record of this kind is useless. The next purge deletes it. */
function decodeContent(bytes: Uint8Array): { arrived: number; id?: string } | undefined {
  try {
    const { arrived, id } = decodeRecordObject(bytes, WHAT);
    if (typeof arrived !== 'number') return undefined;
    return { arrived, ...(typeof id === 'string' ? { id } : {}) };
  } catch {
    return undefined;
  }
}

function arrivedOf(bytes: Uint8Array): number {
  return decodeContent(bytes)?.arrived ?? Number.NEGATIVE_INFINITY;
}

function encode({ arrived, ageless, unproven, owed, receipt }: SeenMessage): Uint8Array {
  const common = {
    arrived,
    ...definedOnly({ ageless, unproven }),
    ...(owed === undefined ? {} : { owed: owed.for, signature: encodeBase64(owed.signature) }),
  };
  if (receipt === undefined) return encodeRecord(common);
  const { sender, receiver, time, type, group } = receipt.envelope;
  return encodeRecord({
    ...common,
    sender: sender.text,
    receiver: receiver.text,
    time,
    sn: receipt.content.sn,
    ...definedOnly({ type, group: group?.text }),
    ...(receipt.content.group === undefined ? {} : { inside: receipt.content.group.text }),
  });
}

function decode(bytes: Uint8Array, readID: (text: unknown) => ID): SeenMessage {
  const record = decodeRecordObject(bytes, WHAT);
  const { arrived, ageless, unproven, sender } = record;
  if (typeof arrived !== 'number') throw corruptRecord(WHAT);
  const owed = decodeOwed(record);
  return {
    arrived,
    ...(ageless === true ? { ageless } : {}),
    ...(unproven === true ? { unproven } : {}),
    ...definedOnly({ owed }),
    ...(sender === undefined ? {} : { receipt: decodeReceipt(record, readID) }),
  };
}

function decodeOwed({ owed, signature }: JsonObject): OwedReceipt | undefined {
  if (owed !== 'visa' && owed !== 'acceptance' && owed !== 'network') return undefined;
  if (typeof signature !== 'string') throw corruptRecord(WHAT);
  return { for: owed, signature: decodeBase64(signature) };
}

function decodeReceipt(
  record: JsonObject,
  readID: (text: unknown) => ID,
): NonNullable<SeenMessage['receipt']> {
  const { sender, receiver, time, sn, type, group, inside } = record;
  const wellTyped = typeof time === 'number' && typeof sn === 'number';
  if (!wellTyped || (type !== undefined && typeof type !== 'string')) throw corruptRecord(WHAT);
  try {
    return {
      envelope: {
        sender: readID(sender),
        receiver: readID(receiver),
        time,
        ...definedOnly({ type }),
        ...(group === undefined ? {} : { group: readID(group) }),
      },
      content: { sn, ...(inside === undefined ? {} : { group: readID(inside) }) },
    };
  } catch {
    throw corruptRecord(WHAT);
  }
}
