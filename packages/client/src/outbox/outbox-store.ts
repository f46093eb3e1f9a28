import type { Clock, Random, Store, StoreChange } from '@dimp/core';
import { type Waiting, waiting } from '@dimp/core';
import { corruptRecord, decodeRecordObject, encodeRecord, isMessageID } from '@dimp/endpoint';
import {
  definedOnly,
  type ErrorCode,
  encodeHex,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type DeliveryState, PROGRESS } from './delivery.ts';
import type { GroupForm } from './message-packer.ts';

/** One receiver's copy of an outgoing message. */
export interface CopyRecord {
  readonly receiver: ID;
  readonly state: DeliveryState;
  /** Name of the packed message; absent until it is packed. */
  readonly message?: string;
  /** Signature of the packed message, Base64: receipts name it (spec §9.6). */
  readonly signature?: string;
  /** Time of our attached visa, in seconds. A receipt proves that the peer has it. */
  readonly visaTime?: number;
  /** Identifies the receiver's keys that the message was packed for, see `ReceiverKeys`. */
  readonly keys?: string;
  /** Signatures of earlier forms of this copy, packed for older keys. Receipts may still name them. */
  readonly former?: readonly string[];
  /** When a station reported that it has the message, in milliseconds since the epoch. */
  readonly delivered?: number;
  /** When it was last sent again since then, in milliseconds since the epoch. */
  readonly offered?: number;
  /** Entity of the station that reported it last. */
  readonly station?: string;
  /** Why this copy was given up. */
  readonly error?: ErrorCode;
  /** Set if the receiver gets none, because their visa does not announce what {@link OutboxRecord.accepting} names. */
  readonly leftOut?: true;
}

/** Stored form of an outgoing message, without the bytes of its copies. */
export interface OutboxRecord {
  /** Name of the message: the one that the application has chosen, else its {@link order}. */
  readonly id: string;
  /** Its place in the outbox, in the order in which messages were sent. */
  readonly order: string;
  readonly sender: ID;
  readonly receiver: ID;
  /** The stamped content. */
  readonly content: JsonObject;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** When the user last retried it, in milliseconds since the epoch. */
  readonly retried?: number;
  /** Form of a group message, once it is decided. */
  readonly form?: GroupForm;
  /** Only receivers whose visas announce this get it. */
  readonly accepting?: string;
  /** An unsent older message to the same receiver with the same key was replaced by this one. */
  readonly replaces?: string;
  /** Empty while the members of a group are not known. */
  readonly copies: readonly CopyRecord[];
  readonly waitingFor?: Waiting;
  readonly receipt?: string;
  readonly settled: boolean;
}

const WHAT = 'outgoing message';

/** Bytes of a copy, to be written together with its record. */
export interface CopyBytes {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Outgoing messages in a store: one record for each message, and the bytes of each packed copy. */
export class OutboxStore {
  readonly #store: Store;
  readonly #readID: (text: unknown) => ID;
  readonly #clock: Clock;
  readonly #random: Random;
  #last = 0;

  constructor(store: Store, readID: (text: unknown) => ID, clock: Clock, random: Random) {
    this.#store = store;
    this.#readID = readID;
    this.#clock = clock;
    this.#random = random;
  }

  /** Creates a place. Places sort in the order of their creation, even if the clock is set back. */
  nextOrder(): string {
    // In microseconds, so that a thousand places fit into a millisecond.
    this.#last = Math.max(this.#clock.now() * 1000, this.#last + 1);
    return `${Math.floor(this.#last).toString(36).padStart(11, '0')}-${encodeHex(this.#random.bytes(6))}`;
  }

  /**
   * Lists all records, in the order in which they were sent.
   *
   * @param onDamaged - called for records that cannot be read, which stay in the store
   */
  async *list(onDamaged: (error: unknown) => void): AsyncGenerator<OutboxRecord> {
    for await (const [[, order], bytes] of this.#store.list(['outbox'])) {
      if (order === undefined) continue;
      this.#last = Math.max(this.#last, Number.parseInt(order, 36) || 0);
      let record: OutboxRecord;
      try {
        record = decode(order, bytes, this.#readID);
      } catch (error) {
        // A damaged record must not keep the others back.
        onDamaged(error);
        continue;
      }
      yield record;
    }
  }

  async get(order: string): Promise<OutboxRecord | undefined> {
    const bytes = await this.#store.get(['outbox', order]);
    return bytes === undefined ? undefined : decode(order, bytes, this.#readID);
  }

  /** Writes a record and newly packed copies in one batch, together with other changes. */
  async put(
    record: OutboxRecord,
    packed: readonly CopyBytes[] = [],
    others: readonly StoreChange[] = [],
  ): Promise<void> {
    const changes: StoreChange[] = packed.map(({ index, bytes }) => ({
      type: 'set',
      key: copyKey(record.order, index),
      value: bytes,
    }));
    changes.push({ type: 'set', key: ['outbox', record.order], value: encode(record) });
    await this.#store.batch([...changes, ...others]);
  }

  /** Reads the bytes of a packed copy; undefined if the message has settled meanwhile. */
  async bytes(order: string, index: number): Promise<Uint8Array | undefined> {
    return this.#store.get(copyKey(order, index));
  }

  /** Deletes a message and its copies, together with other changes. */
  async delete(record: OutboxRecord, others: readonly StoreChange[] = []): Promise<void> {
    await this.#store.batch([
      ...others,
      { type: 'delete', key: ['outbox', record.order] },
      ...record.copies.map((_, index) => ({
        type: 'delete' as const,
        key: copyKey(record.order, index),
      })),
    ]);
  }
}

function copyKey(order: string, index: number): readonly string[] {
  return ['outbox-copy', order, String(index)];
}

function encode(record: OutboxRecord): Uint8Array {
  const { id, order, sender, receiver, content, created, retried, form } = record;
  const { accepting, replaces } = record;
  const { copies, waitingFor, receipt, settled } = record;
  return encodeRecord({
    sender: sender.text,
    receiver: receiver.text,
    content,
    created,
    ...(id === order ? {} : { id }),
    ...definedOnly({ retried, form, accepting, replaces }),
    copies: copies.map((copy) => ({ ...copy, receiver: copy.receiver.text })),
    ...(waitingFor === undefined
      ? {}
      : { waitingFor: { for: waitingFor.for, id: waitingFor.id.text } }),
    ...definedOnly({ receipt }),
    settled,
  });
}

/** @throws `store/corrupt` */
function decode(order: string, bytes: Uint8Array, readID: (text: unknown) => ID): OutboxRecord {
  const wire = decodeRecordObject(bytes, WHAT);
  const { content, created, retried, form, copies, waitingFor, settled } = wire;
  if (
    !isJsonObject(content) ||
    typeof created !== 'number' ||
    (retried !== undefined && typeof retried !== 'number') ||
    !Array.isArray(copies) ||
    (form !== undefined && !isForm(form)) ||
    typeof settled !== 'boolean'
  ) {
    throw corruptRecord(WHAT);
  }
  return {
    id: order,
    ...textOf(wire, 'id'),
    order,
    sender: storedID(wire['sender'], readID),
    receiver: storedID(wire['receiver'], readID),
    content,
    created,
    ...definedOnly({ retried, form }),
    ...textOf(wire, 'accepting'),
    ...textOf(wire, 'replaces'),
    copies: (copies as readonly Json[]).map((copy) => decodeCopy(copy, readID)),
    ...(isJsonObject(waitingFor) ? { waitingFor: decodeWaiting(waitingFor, readID) } : {}),
    ...textOf(wire, 'receipt'),
    settled,
  };
}

function decodeCopy(wire: Json, readID: (text: unknown) => ID): CopyRecord {
  if (!isJsonObject(wire)) throw corruptRecord(WHAT);
  const { state, message, error, former } = wire;
  if (
    !isState(state) ||
    (message !== undefined && !isMessageID(message)) ||
    (error !== undefined && typeof error !== 'string') ||
    (former !== undefined && !isTexts(former))
  ) {
    throw corruptRecord(WHAT);
  }
  return {
    receiver: storedID(wire['receiver'], readID),
    state,
    ...definedOnly({ message }),
    ...textOf(wire, 'signature'),
    ...numberOf(wire, 'visaTime'),
    ...textOf(wire, 'keys'),
    ...definedOnly({ former }),
    ...numberOf(wire, 'delivered'),
    ...numberOf(wire, 'offered'),
    ...textOf(wire, 'station'),
    ...(error === undefined ? {} : { error: error as ErrorCode }),
    ...(wire['leftOut'] === true ? { leftOut: true } : {}),
  };
}

function textOf<N extends string>(wire: JsonObject, name: N): { readonly [K in N]?: string } {
  const value = ownMember(wire, name);
  if (value !== undefined && typeof value !== 'string') throw corruptRecord(WHAT);
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in N]?: string };
}

function numberOf<N extends string>(wire: JsonObject, name: N): { readonly [K in N]?: number } {
  const value = ownMember(wire, name);
  if (value !== undefined && typeof value !== 'number') throw corruptRecord(WHAT);
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in N]?: number };
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function decodeWaiting(wire: JsonObject, readID: (text: unknown) => ID): Waiting {
  const what = ownMember(wire, 'for');
  if (what !== 'meta' && what !== 'visa' && what !== 'members') throw corruptRecord(WHAT);
  return waiting(what, storedID(wire['id'], readID));
}

function storedID(text: Json | undefined, readID: (text: unknown) => ID): ID {
  try {
    return readID(text);
  } catch {
    throw corruptRecord(WHAT);
  }
}

function isState(state: unknown): state is DeliveryState {
  return state === 'failed' || PROGRESS.includes(state as DeliveryState);
}

function isForm(form: unknown): form is GroupForm {
  return form === 'hidden' || form === 'split' || form === 'whole';
}

/** Makes the error of a message that was given up. */
export function deliveryError(code: ErrorCode): ProtocolError {
  return new ProtocolError(code, 'the message could not be delivered');
}
