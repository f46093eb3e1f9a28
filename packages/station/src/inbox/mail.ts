import { isMessageID } from '@dimp/endpoint';
import { ProtocolError } from '@dimp/foundation';
import { PAYER_BYTES, readPayer, type StoredPayer, writePayer } from '../limits/stored-payer.ts';
import type { Notice } from '../receipts/notice.ts';
import { COPY_NAME_LENGTH, isCopyName } from './copy-name.ts';

/** A message in somebody's inbox. */
export interface Mail {
  /** Its place: later ones are larger. */
  readonly order: number;
  /** The same as part of a path. */
  readonly place: string;
  /** When it came, in milliseconds since the epoch. */
  readonly arrived: number;
  /** Its name, as `messageID` of the client makes it. */
  readonly id: string;
  /** The name of this copy of it, as `copyName` makes it; empty in a record of an older version. */
  readonly copy: string;
  /** What is stored: a head and the message as received. */
  readonly record: Uint8Array;
  /** Who pays for its being kept; undefined in a record of an older version. */
  readonly payer?: StoredPayer | undefined;
  /** What its sender hears of; undefined if nothing. */
  readonly notice: Notice | 'unread' | undefined;
}

/** Head of a record: version, time of arrival as a 64-bit float, name of the message and of the copy in ASCII, who pays. */
const VERSION = 4;
/** Of records without who pays, and without the name of the copy as well, which older versions of the station have written. */
const WITHOUT_PAYER = 3;
const WITHOUT_COPY = 2;
const NAME_AT = 9;
const NAME_LENGTH = 44;
const COPY_AT = NAME_AT + NAME_LENGTH;
const PAYER_AT = COPY_AT + COPY_NAME_LENGTH;
const HEAD = PAYER_AT + PAYER_BYTES;

/** Digits of a place in a path; enough for every safe integer. */
const ORDER_DIGITS = 11;
const ORDER_BASE = 36;

/** A place as part of a path: texts are in the order of the numbers. */
export function orderText(order: number): string {
  return order.toString(ORDER_BASE).padStart(ORDER_DIGITS, '0');
}

/**
 * The record of a message.
 *
 * @param payer - undefined where nobody counts what is kept
 */
export function encodeMail(
  arrived: number,
  id: string,
  copy: string,
  payload: Uint8Array,
  payer?: StoredPayer,
): Uint8Array {
  const head = payer === undefined ? PAYER_AT : HEAD;
  const record = new Uint8Array(head + payload.length);
  record[0] = payer === undefined ? WITHOUT_PAYER : VERSION;
  new DataView(record.buffer).setFloat64(1, arrived);
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
  const [version] = record;
  const hasCopy = version === VERSION || version === WITHOUT_PAYER;
  const copy = hasCopy ? String.fromCharCode(...record.subarray(COPY_AT, PAYER_AT)) : '';
  const known = hasCopy ? isCopyName(copy) : version === WITHOUT_COPY;
  const whole = record.length > headOf(record) && known && isMessageID(id);
  if (!whole || orderText(order) !== place) {
    throw new ProtocolError('store/corrupt', 'a message of an inbox cannot be read');
  }
  return {
    order,
    place,
    arrived: new DataView(record.buffer, record.byteOffset).getFloat64(1),
    id,
    copy,
    record,
    payer: version === VERSION ? readPayer(record, PAYER_AT) : undefined,
    notice: 'unread',
  };
}

/** The message as received. */
export function payloadOf(mail: Pick<Mail, 'record'>): Uint8Array {
  return mail.record.subarray(headOf(mail.record));
}

function headOf(record: Uint8Array): number {
  if (record[0] === WITHOUT_COPY) return COPY_AT;
  return record[0] === WITHOUT_PAYER ? PAYER_AT : HEAD;
}
