import {
  decodeTed,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
  toText,
  toTime,
  utf8Encode,
} from '@dimp/foundation';
import { ANYONE, type ID } from '@dimp/mkm';
import { type Envelope, isBroadcast } from './envelope.ts';
import type { ReliableMessage } from './message.ts';

/**
 * Reads a reliable message from its normalized wire object. Checks types and encodings, verifies nothing.
 *
 * @param wire - with long names only
 * @param received - the object as received, kept for relaying
 * @throws `format/field` for missing members, wrong types and damaged IDs; `unsupported/address`; `format/bytes`
 */
export function parseReliableMessage(
  wire: JsonObject,
  readID: (text: unknown) => ID,
  received: JsonObject = wire,
): ReliableMessage {
  const envelope = parseEnvelope(wire, readID);
  const broadcast = isBroadcast(envelope);
  const text = ownMember(wire, 'data');
  if (typeof text !== 'string' && (broadcast || !isJsonObject(text))) {
    throw fieldError('data', 'must be a non-empty text');
  }
  const keys = readObject(wire, 'keys');
  const meta = readObject(wire, 'meta');
  const visa = readObject(wire, 'visa');
  const key = readBytes(wire, 'key');
  const signature = readBytes(wire, 'signature');
  for (const name of broadcast ? [] : ['IV', 'iv']) readBytes(wire, name);
  if (signature === undefined) throw fieldError('signature', 'is missing');
  const data = broadcast ? utf8Encode(text as string) : decodeTed(text);
  if (data === undefined || data.length === 0) throw fieldError('data', 'must not be empty');
  return {
    envelope,
    broadcast,
    data,
    ...(key === undefined ? {} : { key }),
    ...(keys === undefined ? {} : { keys: textMembers(keys) }),
    signature,
    ...(meta === undefined ? {} : { meta }),
    ...(visa === undefined ? {} : { visa }),
    wire: received,
  };
}

/**
 * Reads an envelope. A missing receiver means ANYONE (spec §8.1).
 *
 * @throws `format/field`, `unsupported/address`
 */
export function parseEnvelope(wire: JsonObject, readID: (text: unknown) => ID): Envelope {
  const sender = readID(ownMember(wire, 'sender'));
  const receiver = ownMember(wire, 'receiver') ?? undefined;
  const group = ownMember(wire, 'group') ?? undefined;
  const type = toText(ownMember(wire, 'type'), 'type') || undefined;
  return {
    sender,
    receiver: receiver === undefined ? ANYONE : readID(receiver),
    time: toTime(ownMember(wire, 'time')) ?? 0,
    ...(group === undefined || group === '' ? {} : { group: readID(group) }),
    ...(type === undefined ? {} : { type }),
  };
}

function readBytes(wire: JsonObject, name: string): Uint8Array | undefined {
  const value = ownMember(wire, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' && !isJsonObject(value)) throw fieldError(name, 'must be a text');
  const bytes = decodeTed(value);
  if (bytes === undefined) throw fieldError(name, 'must not be empty');
  return bytes;
}

function readObject(wire: JsonObject, name: string): JsonObject | undefined {
  const value = ownMember(wire, name);
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw fieldError(name, 'must be a JSON object');
  return value;
}

/** Reads the keys. Ignores entries that are not texts (spec §8.8). */
function textMembers(keys: JsonObject): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(keys) as [string, Json][]) {
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}
