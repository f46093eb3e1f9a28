import type { Random, Store, StoreChange } from '@dimp/core';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { definedOnly, encodeHex, type JsonObject } from '@dimp/foundation';
import type { Changes } from './changes.ts';
import { logPath, type Place } from './paths.ts';

/** Who reads the log: the application that is told of incoming messages, and the search index. */
export type LogReader = 'incoming' | 'index';

/** What has happened to a message. */
export type LogEvent = 'added' | 'changed' | 'removed';

/** An entry of the log. It stays until all of its readers are finished with it. */
export interface LogEntry {
  /** Its place; entries are read in this order. */
  readonly order: string;
  /** Entity of the peer or the group. */
  readonly id: string;
  readonly ref: string;
  readonly event: LogEvent;
  /** Where a removed message was; nothing else is left of it. */
  readonly stamp?: number;
  readonly readers: readonly LogReader[];
}

/**
 * Log of what has happened to the messages of a user, in the batches in which it has happened. So a reader that was interrupted
 * goes on where it was, without reading the conversations.
 */
export class MessageLog {
  readonly #store: Store;
  readonly #user: string;
  readonly #readers: readonly LogReader[];
  readonly #owner: string;
  #last = 0;

  /** @param readers - those that this program has; for others nothing is written */
  constructor(store: Store, user: string, readers: readonly LogReader[], random: Random) {
    this.#store = store;
    this.#user = user;
    this.#readers = readers;
    this.#owner = encodeHex(random.bytes(4));
  }

  /**
   * Adds an entry to the batch of a change.
   *
   * @param incoming - whether it is a message of somebody else that has just arrived
   * @param now - milliseconds since the epoch
   */
  write(
    changes: Changes,
    { id }: Place,
    {
      ref,
      event,
      stamp,
      incoming = false,
    }: Pick<LogEntry, 'ref' | 'event' | 'stamp'> & { incoming?: boolean },
    now: number,
  ): void {
    const readers = this.#readers.filter((reader) => reader !== 'incoming' || incoming);
    if (readers.length === 0) return;
    // In microseconds, so that a thousand entries fit into a millisecond.
    this.#last = Math.floor(Math.max(now * 1000, this.#last + 1));
    const order = `${this.#last.toString(36).padStart(11, '0')}-${this.#owner}`;
    changes.set(logPath(this.#user, order), { id, ref, event, ...definedOnly({ stamp }), readers });
  }

  /** The entries that a reader is not finished with, in order. Damaged ones are left out. */
  async *entries(reader: LogReader): AsyncGenerator<LogEntry> {
    for await (const [path, bytes] of this.#store.list(['chat-log', this.#user])) {
      const entry = decodeEntry(path.at(-1) ?? '', bytes);
      if (entry?.readers.includes(reader)) yield entry;
    }
  }

  /** The entry of an order, if a reader is not finished with it. */
  async entry(reader: LogReader, order: string): Promise<LogEntry | undefined> {
    const bytes = await this.#store.get(logPath(this.#user, order));
    const entry = bytes === undefined ? undefined : decodeEntry(order, bytes);
    return entry?.readers.includes(reader) ? entry : undefined;
  }

  /** The changes that note that a reader is finished with an entry. The caller holds the lock {@link logLock}. */
  async finished(reader: LogReader, order: string): Promise<readonly StoreChange[]> {
    const entry = await this.entry(reader, order);
    if (entry === undefined) return [];
    const { order: _, ...stored } = entry;
    const key = logPath(this.#user, order);
    const readers = entry.readers.filter((each) => each !== reader);
    if (readers.length === 0) return [{ type: 'delete', key }];
    return [{ type: 'set', key, value: encodeRecord({ ...stored, readers }) }];
  }
}

/** Name of the lock for finishing entries of the log. */
export function logLock(user: string): string {
  return `chat-log ${user}`;
}

/** @returns undefined for a damaged entry */
function decodeEntry(order: string, bytes: Uint8Array): LogEntry | undefined {
  let stored: JsonObject;
  try {
    stored = decodeRecordObject(bytes, 'log of messages');
  } catch {
    return undefined;
  }
  const { id, ref, event, stamp, readers } = stored;
  if (typeof id !== 'string' || typeof ref !== 'string' || !isEvent(event)) return undefined;
  if (!Array.isArray(readers)) return undefined;
  return {
    order,
    id,
    ref,
    event,
    ...(typeof stamp === 'number' ? { stamp } : {}),
    readers: readers.filter(isReader),
  };
}

function isEvent(event: unknown): event is LogEvent {
  return event === 'added' || event === 'changed' || event === 'removed';
}

function isReader(reader: unknown): reader is LogReader {
  return reader === 'incoming' || reader === 'index';
}
