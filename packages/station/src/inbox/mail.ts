import { isMessageID } from '@dimp/endpoint';
import { ProtocolError } from '@dimp/foundation';
import { PAYER_BYTES, readPayer, type StoredPayer, writePayer } from '../limits/stored-payer.ts';
import type { Notice } from '../receipts/notice.ts';
import { COPY_NAME_LENGTH, isCopyName } from './copy-name.ts';

/** A message in an inbox. */
export interface Mail {
  /** Its place in the order of arrival. */
  readonly order: number;
  /** The place as part of a path. */
  readonly place: string;
  /** Time of arrival in milliseconds since the epoch. */
  readonly arrived: number;
  /** Its name, from `messageID`. */
  readonly id: string;
  /** The name of this copy, from `copyName`; empty in records of older versions. */
  readonly copy: string;
  /** The stored record: a head, then the message as received. */
  readonly record: Uint8Array;
  /** The payer; undefined in records of older versions. */
  readonly payer?: StoredPayer | undefined;
  /** When it is removed undelivered, in milliseconds since the epoch; undefined if it has no time of its own. */
  readonly until?: number | undefined;
  /** What receipts to its sender name; undefined if the sender gets none, `unread` if it has to be parsed first. */
  readonly notice: Notice | 'unread' | undefined;
}

/**
 * Head of a record: version, time of arrival as a 64-bit float, names of the message and of the copy in ASCII, payer. In
 * version 5, the time at which it is removed follows as a 64-bit float.
 */
const VERSION = 4;
const WITH_UNTIL = 5;
/** Versions of older records, without payer, and without payer and name of the copy. */
const WITHOUT_PAYER = 3;
const WITHOUT_COPY = 2;
const NAME_AT = 9;
const NAME_LENGTH = 44;
const COPY_AT = NAME_AT + NAME_LENGTH;
const PAYER_AT = COPY_AT + COPY_NAME_LENGTH;
const HEAD = PAYER_AT + PAYER_BYTES;
const HEAD_WITH_UNTIL = HEAD + 8;

/** Digits of a place in a path: enough for every safe integer. */
const ORDER_DIGITS = 11;
const ORDER_BASE = 36;

/** Returns a place as part of a path. Texts have the same order as numbers. */
export function orderText(order: number): string {
  return order.toString(ORDER_BASE).padStart(ORDER_DIGITS, '0');
}

/**
 * Encodes the record of a message.
 *
 * @param payer - undefined if stored bytes are not counted
 * @param until - when it is removed undelivered, in milliseconds since the epoch; written only with a payer
 */
export function encodeMail(
  arrived: number,
  id: string,
  copy: string,
  payload: Uint8Array,
  payer?: StoredPayer,
  until?: number,
): Uint8Array {
  const version = payer === undefined ? WITHOUT_PAYER : until === undefined ? VERSION : WITH_UNTIL;
  const head = headOf(version);
  const record = new Uint8Array(head + payload.length);
  record[0] = version;
  const view = new DataView(record.buffer);
  view.setFloat64(1, arrived);
  if (version === WITH_UNTIL && until !== undefined) view.setFloat64(HEAD, until);
  for (let i = 0; i < NAME_LENGTH; i++) record[NAME_AT + i] = id.charCodeAt(i);
  for (let i = 0; i < COPY_NAME_LENGTH; i++) record[COPY_AT + i] = copy.charCodeAt(i);
  if (payer !== undefined) writePayer(payer, record, PAYER_AT);
  record.set(payload, head);
  return record;
}

/**
 * Reads a record.
 *
 * @param place - last part of its path
 * @throws `store/corrupt`
 */
export function decodeMail(place: string, record: Uint8Array): Mail {
  const order = Number.parseInt(place, ORDER_BASE);
  const id = String.fromCharCode(...record.subarray(NAME_AT, COPY_AT));
  const [version = 0] = record;
  const hasPayer = version === VERSION || version === WITH_UNTIL;
  const hasCopy = hasPayer || version === WITHOUT_PAYER;
  const copy = hasCopy ? String.fromCharCode(...record.subarray(COPY_AT, PAYER_AT)) : '';
  const known = hasCopy ? isCopyName(copy) : version === WITHOUT_COPY;
  const whole = record.length > headOf(version) && known && isMessageID(id);
  if (!whole || orderText(order) !== place) {
    throw new ProtocolError('store/corrupt', 'the record of a stored message cannot be read');
  }
  const view = new DataView(record.buffer, record.byteOffset);
  return {
    order,
    place,
    arrived: view.getFloat64(1),
    id,
    copy,
    record,
    payer: hasPayer ? readPayer(record, PAYER_AT) : undefined,
    until: version === WITH_UNTIL ? view.getFloat64(HEAD) : undefined,
    notice: 'unread',
  };
}

/** Returns the message as received. */
export function payloadOf(mail: Pick<Mail, 'record'>): Uint8Array {
  return mail.record.subarray(headOf(mail.record[0]));
}

/** @returns bytes before the message */
function headOf(version: number | undefined): number {
  if (version === WITHOUT_COPY) return COPY_AT;
  if (version === WITHOUT_PAYER) return PAYER_AT;
  return version === WITH_UNTIL ? HEAD_WITH_UNTIL : HEAD;
}
