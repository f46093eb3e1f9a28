import { readPayload } from '@dimp/core';
import {
  isProtocolError,
  type JsonObject,
  ownMember,
  parseJsonObject,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';

/** What an acknowledgement names of a message (spec §12.6). */
export interface AckKey {
  /** The signature as written in the message. */
  readonly signature: string;
  /** The time in seconds; undefined if it is not a number in the message. */
  readonly time: number | undefined;
}

/**
 * Returns the keys of the messages in a payload. Other elements have none.
 *
 * Messages are parsed, not searched, because the word `signature` may occur anywhere in a message (spec §14.6 no. 51).
 * Short names are those of spec §10; a long name wins.
 */
export function ackKeysOf(payload: Uint8Array): AckKey[] {
  const keys: AckKey[] = [];
  try {
    const { length } = payload;
    const content = readPayload(payload, { maxLength: length, maxMessages: length });
    if (content.kind !== 'messages') return keys;
    for (const text of content.messages) {
      const key = ackKeyOf(text);
      if (key !== undefined) keys.push(key);
    }
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  return keys;
}

function ackKeyOf(text: string): AckKey | undefined {
  let message: JsonObject;
  try {
    message = parseJsonObject(text);
  } catch {
    return undefined;
  }
  const signature = ownMember(message, Object.hasOwn(message, 'signature') ? 'signature' : 'V');
  if (typeof signature !== 'string' || signature === '') return undefined;
  const time = ownMember(message, Object.hasOwn(message, 'time') ? 'time' : 'W');
  return { signature, time: typeof time === 'number' ? time : undefined };
}

/** `ACK:{"time":T,"signature":"SIG"}` (spec §12.6). */
export function encodeAck({ time, signature }: AckKey): Uint8Array {
  return utf8Encode(
    `ACK:${stringifyJson(time === undefined ? { signature } : { time, signature })}`,
  );
}

/** Longest acknowledgement that is read, in bytes: enough for a signature of RSA-16384. */
const MAX_ACK_BYTES = 4096;

/** @returns the signature in an acknowledgement; undefined for other payloads */
export function readAck(payload: Uint8Array): string | undefined {
  if (payload.length > MAX_ACK_BYTES) return undefined;
  try {
    const ack = readPayload(payload);
    return ack.kind === 'ack' ? ack.signature : undefined;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}
