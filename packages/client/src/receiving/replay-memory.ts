import type { Clock, Store, StoreChange } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import { type JsonObject, LruMap, type Reduction } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** What is remembered of a message. */
export interface SeenMessage {
  /** When it arrived, in milliseconds since the epoch: what the message says of its time does not count. */
  readonly arrived: number;
  /** Nothing that is signed tells its age, so it must never be forgotten: it could come again at any time. */
  readonly ageless?: true;
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

  /** The change that makes a message seen, to be written together with what came of it. */
  change(id: string, seen: SeenMessage): StoreChange {
    return { type: 'set', key: ['seen', id], value: encode(seen) };
  }

  /** Notes in memory that a message has been taken in. What need not outlive the program is noted here only. */
  note(id: string, seen: SeenMessage): void {
    this.#recent.set(id, seen);
  }

  /** Forgets what is older than any message that would still be taken in. */
  async purge(): Promise<void> {
    const oldest = this.#clock.now() - this.#retention;
    let changes: StoreChange[] = [];
    for await (const [key, bytes] of this.#store.list(['seen'])) {
      const { arrived, ageless } = this.#decode(bytes);
      if (arrived >= oldest || ageless) continue;
      changes.push({ type: 'delete', key });
      if (changes.length === 1000) {
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

function encode({ arrived, ageless, receipt }: SeenMessage): Uint8Array {
  const common = { arrived, ...(ageless === undefined ? {} : { ageless }) };
  if (receipt === undefined) return encodeRecord(common);
  const { sender, receiver, time, type, group } = receipt.envelope;
  return encodeRecord({
    ...common,
    sender: sender.text,
    receiver: receiver.text,
    time,
    sn: receipt.content.sn,
    ...(type === undefined ? {} : { type }),
    ...(group === undefined ? {} : { group: group.text }),
    ...(receipt.content.group === undefined ? {} : { inside: receipt.content.group.text }),
  });
}

function decode(bytes: Uint8Array, readID: (text: unknown) => ID): SeenMessage {
  const record = decodeRecordObject(bytes, WHAT);
  const { arrived, ageless, sender } = record;
  if (typeof arrived !== 'number') throw corruptRecord(WHAT);
  return {
    arrived,
    ...(ageless === true ? { ageless } : {}),
    ...(sender === undefined ? {} : { receipt: decodeReceipt(record, readID) }),
  };
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
        ...(type === undefined ? {} : { type }),
        ...(group === undefined ? {} : { group: readID(group) }),
      },
      content: { sn, ...(inside === undefined ? {} : { group: readID(inside) }) },
    };
  } catch {
    throw corruptRecord(WHAT);
  }
}
