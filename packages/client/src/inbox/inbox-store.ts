import type { Clock, Protocol, Store } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import { corruptRecord, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import {
  definedOnly,
  isJsonObject,
  isProtocolError,
  type Json,
  type JsonObject,
  ProtocolError,
} from '@dimp/foundation';
import type { IncomingMessage } from '../messages/incoming-message.ts';

/** A message with its place in the inbox. */
export interface InboxItem {
  readonly order: string;
  readonly message: IncomingMessage;
  /** Answers of a service, instead of a message for the handlers. */
  readonly answers?: readonly Content[];
  /** How often its handlers have failed. */
  readonly failures: number;
  /** The messenger that received it. The leading one inherits it when that messenger ends. */
  readonly owner: string;
}

/** A change that writes a message into the inbox. */
export interface InboxChange {
  readonly type: 'set';
  readonly key: readonly ['inbox', string];
  readonly value: Uint8Array;
}

const WHAT = 'incoming message';

/**
 * Limits of the inbox. Messages without a handler stay until the application asks for them, and any peer can send them.
 * Peers who are not contacts share half of the inbox, so that they cannot keep contacts out.
 */
export interface InboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** 10,000 messages, 64 MiB. */
export const DEFAULT_INBOX_LIMITS: InboxLimits = /* @__PURE__ */ Object.freeze({
  messages: 10_000,
  bytes: 64 * 1024 * 1024,
});

/** Messages in a store that the application has not finished. */
export class InboxStore {
  readonly #store: Store;
  readonly #protocol: Protocol;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #limits: InboxLimits;
  readonly #onDamaged: (error: unknown) => void;
  /** Lengths of the known records, in bytes. */
  readonly #lengths = new Map<string, number>();
  #bytes = 0;
  #last = 0;

  /**
   * @param owner - name of this messenger
   * @param onDamaged - called for records that cannot be read, which stay in the store
   */
  constructor(
    store: Store,
    protocol: Protocol,
    clock: Clock,
    owner: string,
    limits: InboxLimits,
    onDamaged: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#protocol = protocol;
    this.#clock = clock;
    this.#owner = owner;
    this.#limits = limits;
    this.#onDamaged = onDamaged;
  }

  /**
   * Checks that there is room.
   *
   * @param share - the part of the limits that the sender may use, 1 for all
   * @throws `policy/rate-limited`: the message must come again
   */
  checkRoom(share: number): void {
    const { messages, bytes } = this.#limits;
    if (this.#lengths.size < messages * share && this.#bytes < bytes * share) return;
    throw new ProtocolError(
      'policy/rate-limited',
      'the inbox is full: the application does not read its messages',
    );
  }

  /** Whether there is no room for peers who are not contacts. */
  get isFullForStrangers(): boolean {
    const { messages, bytes } = this.#limits;
    return this.#lengths.size >= messages / 2 || this.#bytes >= bytes / 2;
  }

  /** Counts a message. */
  count({ key: [, order], value }: Pick<InboxChange, 'key' | 'value'>): void {
    this.#bytes += value.length - (this.#lengths.get(order) ?? 0);
    this.#lengths.set(order, value.length);
  }

  /** A message is gone. */
  uncount(order: string): void {
    this.#bytes -= this.#lengths.get(order) ?? 0;
    this.#lengths.delete(order);
  }

  /** Gives a message its place, behind all others. */
  newItem(message: IncomingMessage, answers?: readonly Content[]): InboxItem {
    this.#last = Math.floor(Math.max(this.#clock.now() * 1000, this.#last + 1));
    return {
      order: `${this.#last.toString(36).padStart(11, '0')}-${this.#owner}`,
      message,
      ...definedOnly({ answers }),
      failures: 0,
      owner: this.#owner,
    };
  }

  /** The store change that puts a message into the inbox. */
  change(item: InboxItem): InboxChange {
    return { type: 'set', key: ['inbox', item.order], value: encode(item) };
  }

  /** Removes a message that the application has finished. */
  async done(item: InboxItem): Promise<void> {
    await this.#store.delete(['inbox', item.order]);
    this.uncount(item.order);
  }

  /** Counts a failure of the handlers of a message. */
  async failed(item: InboxItem): Promise<void> {
    await this.#store.batch([this.change({ ...item, failures: item.failures + 1 })]);
  }

  /** Lists the messages, in order of arrival. */
  async *list(): AsyncGenerator<InboxItem> {
    for await (const [[, order], bytes] of this.#store.list(['inbox'])) {
      if (order === undefined) continue;
      this.#last = Math.max(this.#last, Number.parseInt(order, 36) || 0);
      this.count({ key: ['inbox', order], value: bytes });
      const item = this.#read(order, bytes);
      if (item !== undefined) yield item;
    }
  }

  /** A damaged record must not keep the others back. */
  #read(order: string, bytes: Uint8Array): InboxItem | undefined {
    try {
      return this.#decode(order, bytes);
    } catch (error) {
      this.#onDamaged(error);
      return undefined;
    }
  }

  #decode(order: string, bytes: Uint8Array): InboxItem {
    const record = decodeRecordObject(bytes, WHAT);
    const { id, sender, receiver, user, time, type, group, content } = record;
    const { arrived, failures, owner, untimed, unproven, answers } = record;
    if (
      typeof id !== 'string' ||
      typeof time !== 'number' ||
      typeof arrived !== 'number' ||
      typeof failures !== 'number' ||
      typeof owner !== 'string' ||
      (type !== undefined && typeof type !== 'string') ||
      (answers !== undefined && !isObjects(answers)) ||
      !isJsonObject(content)
    ) {
      throw corruptRecord(WHAT);
    }
    const { parseID, contents } = this.#protocol;
    try {
      const envelope: Envelope = {
        sender: parseID(sender),
        receiver: parseID(receiver),
        time,
        ...definedOnly({ type }),
        ...(group === undefined ? {} : { group: parseID(group) }),
      };
      const read = readKept(content, contents);
      const timeTrusted = untimed !== true;
      const message: IncomingMessage = {
        id,
        envelope,
        content: read,
        user: parseID(user),
        arrived,
        timeTrusted,
        written: writtenTime(read, arrived, timeTrusted),
        proven: unproven !== true,
      };
      return {
        order,
        message,
        ...(answers === undefined ? {} : { answers: answers.map((each) => contents.parse(each)) }),
        failures,
        owner,
      };
    } catch {
      throw corruptRecord(WHAT);
    }
  }
}

/**
 * Reads a stored content. A content that its type refuses is read as an unknown one: it was stored as such, or the type
 * has changed since.
 */
function readKept(wire: JsonObject, contents: Protocol['contents']): Content {
  try {
    return contents.parse(wire);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return contents.parseAsUnknown(wire);
  }
}

function isObjects(value: Json): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isJsonObject);
}

function encode({ message, answers, failures, owner }: InboxItem): Uint8Array {
  const { id, envelope, content, user, arrived, timeTrusted, proven } = message;
  const { sender, receiver, time, type, group } = envelope;
  return encodeRecord({
    id,
    sender: sender.text,
    receiver: receiver.text,
    user: user.text,
    time,
    ...definedOnly({ type, group: group?.text }),
    content: content.wire,
    ...(answers === undefined ? {} : { answers: answers.map(({ wire }) => wire) }),
    arrived,
    ...(timeTrusted ? {} : { untimed: true }),
    ...(proven ? {} : { unproven: true }),
    failures,
    owner,
  });
}

/**
 * Returns when a message was written, or when it arrived if its time is not trusted, in milliseconds since the epoch.
 */
export function writtenTime(content: Content, arrived: number, timeTrusted: boolean): number {
  return timeTrusted && content.time !== undefined ? Math.floor(content.time * 1000) : arrived;
}
