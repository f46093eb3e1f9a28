import { isMessageID } from '@dimp/client/endpoint';
import { ProtocolError } from '@dimp/foundation';
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
  /** What its sender hears of; undefined if nothing. */
  readonly notice: Notice | 'unread' | undefined;
}

/** Head of a record: version, time of arrival as a 64-bit float, name of the message and of the copy in ASCII. */
const VERSION = 3;
/** Of records without the name of the copy, which older versions of the station have written. */
const WITHOUT_COPY = 2;
const NAME_AT = 9;
const NAME_LENGTH = 44;
const COPY_AT = NAME_AT + NAME_LENGTH;
const HEAD = COPY_AT + COPY_NAME_LENGTH;

/** Digits of a place in a path; enough for every safe integer. */
const ORDER_DIGITS = 11;
const ORDER_BASE = 36;

/** A place as part of a path: texts are in the order of the numbers. */
export function orderText(order: number): string {
  return order.toString(ORDER_BASE).padStart(ORDER_DIGITS, '0');
}

/** The record of a message. */
export function encodeMail(
  arrived: number,
  id: string,
  copy: string,
  payload: Uint8Array,
): Uint8Array {
  const record = new Uint8Array(HEAD + payload.length);
  record[0] = VERSION;
  new DataView(record.buffer).setFloat64(1, arrived);
  for (let i = 0; i < NAME_LENGTH; i++) record[NAME_AT + i] = id.charCodeAt(i);
  for (let i = 0; i < COPY_NAME_LENGTH; i++) record[COPY_AT + i] = copy.charCodeAt(i);
  record.set(payload, HEAD);
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
  const copy = record[0] === VERSION ? String.fromCharCode(...record.subarray(COPY_AT, HEAD)) : '';
  const known = record[0] === VERSION ? isCopyName(copy) : record[0] === WITHOUT_COPY;
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
    notice: 'unread',
  };
}

/** The message as received. */
export function payloadOf(mail: Pick<Mail, 'record'>): Uint8Array {
  return mail.record.subarray(headOf(mail.record));
}

function headOf(record: Uint8Array): number {
  return record[0] === WITHOUT_COPY ? COPY_AT : HEAD;
}
