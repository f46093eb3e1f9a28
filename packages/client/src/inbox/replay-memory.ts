import type { Clock, Store, StoreChange, StoreKey } from '@dimp/core';
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

/**
 * What the receipt of a message waits for: the visa of its sender; the user, who does not know the sender yet; the
 * network, which has not taken it.
 */
export type OwedFor = 'visa' | 'acceptance' | 'network';

/** A receipt that has not been sent. */
export interface OwedReceipt {
  readonly for: OwedFor;
  /** Of the message: the receipt names it. */
  readonly signature: Uint8Array;
}

/** What is remembered of a message. */
export interface SeenMessage {
  /** When it arrived, in milliseconds since the epoch: what the message says of its time does not count. */
  readonly arrived: number;
  /** An earlier version of this program could not tell its age: it is never forgotten. */
  readonly ageless?: true;
  /** It is not proven that its sender knows what is in it. */
  readonly unproven?: true;
  readonly owed?: OwedReceipt;
  /** What its receipt has to say; absent if it gets none. */
  readonly receipt?: {
    readonly envelope: Envelope;
    readonly content: Pick<Content, 'sn' | 'group'>;
    /** That it was received, by default. In memory only: after a restart the message is looked at again. */
    readonly text?: string;
  };
}

/** Names of the newest messages that are kept in memory. */
const RECENT = 4096;
/** How long a receipt is worth something, in milliseconds: as long as senders repeat a message. */
const OWED_RETENTION = 7 * 24 * 60 * 60_000;
/** Receipts that are owed to one sender at most. */
const MAX_OWED = 64;
/** Records that are deleted at once. */
const BATCH = 1000;

const WHAT = 'seen message';

/**
 * The messages that have been taken in, by name ({@link messageID}): none is taken in again, after a restart neither
 * (spec §14.3 #28, §14.7 no. 4).
 */
export class ReplayMemory {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #retention: number;
  readonly #readID: (text: unknown) => ID;
  readonly #onDamaged: (error: unknown) => void;
  readonly #recent = new LruMap<string, SeenMessage>(RECENT);

  /**
   * @param retention - milliseconds that a message is remembered
   * @param onDamaged - told of records that cannot be read
   */
  constructor(
    store: Store,
    clock: Clock,
    retention: number,
    readID: (text: unknown) => ID,
    onDamaged: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#retention = retention;
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

  /** The name under which a message with the same content was taken in, see `contentName`. */
  async sameContent(contentName: string): Promise<string | undefined> {
    const bytes = await this.#store.get(['seen-content', contentName]);
    if (bytes === undefined) return undefined;
    const { id } = decodeContent(bytes) ?? {};
    return id;
  }

  /**
   * The changes that make a message seen, to be written together with what came of it.
   *
   * @param contentName - name of what it says, if its sender may pack that anew
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

  /** Notes in memory that a message has been taken in. What need not outlive the program is noted here only. */
  note(id: string, seen: SeenMessage): void {
    this.#recent.set(id, seen);
  }

  /** Whether one more receipt can be owed to a sender. */
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
   * Messages whose receipts are owed and still worth something.
   *
   * @param sender - of one sender only
   */
  async owed(sender?: EntityKey): Promise<readonly string[]> {
    const oldest = this.#clock.now() - OWED_RETENTION;
    const found: string[] = [];
    for await (const [[, , id], bytes] of this.#store.list(
      sender === undefined ? ['owed'] : ['owed', sender],
    )) {
      if (id !== undefined && arrivedOf(bytes) >= oldest) found.push(id);
    }
    return found;
  }

  /** Forgets what is older than any message that would still be taken in, and receipts that are worth nothing any more. */
  async purge(): Promise<void> {
    const now = this.#clock.now();
    const oldest = now - this.#retention;
    await this.#delete(['seen'], (bytes) => {
      const { arrived, ageless } = this.#decode(bytes);
      return arrived < oldest && !ageless;
    });
    await this.#delete(['seen-content'], (bytes) => arrivedOf(bytes) < oldest);
    await this.#delete(['owed'], (bytes) => arrivedOf(bytes) < now - OWED_RETENTION);
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

  /** A damaged record still says that its message has come; that is the part which must not be lost. */
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

/** A damaged record of this kind is worth nothing: it goes with the next purge. */
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
