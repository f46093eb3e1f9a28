import type { Protocol } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import {
  corruptRecord,
  decodePart,
  decodeRecordObject,
  encodeRecord,
  messageID,
} from '@dimp/endpoint';
import {
  definedOnly,
  isJsonObject,
  type JsonObject,
  ownMember,
  parseJsonObject,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Entry } from '../model/entry.ts';
import { readEntry } from '../model/read-entry.ts';

/** An entry with its evidence, as it is kept. */
export interface KeptEntry {
  readonly entry: Entry;
  readonly issuer: ID;
  /** The signed message byte for byte. */
  readonly message: JsonObject;
  /** In milliseconds since the epoch. */
  readonly arrived: number;
  /** An entry of this user that was not handed to the outbox yet. */
  readonly isNew?: true;
}

/** Encodes an entry for the store. */
export function encodeEntry({ message, arrived, isNew }: KeptEntry): Uint8Array {
  return encodeRecord({ message, arrived, ...definedOnly({ new: isNew }) });
}

/** Decodes an entry of the store. It was verified before it was written. @throws `store/corrupt` */
export function decodeEntry(bytes: Uint8Array, protocol: Protocol): KeptEntry {
  const record = decodeRecordObject(bytes, 'group-entry');
  const message = ownMember(record, 'message');
  const arrived = ownMember(record, 'arrived');
  if (!isJsonObject(message) || typeof arrived !== 'number') throw corruptRecord('group-entry');
  return decodePart<KeptEntry>('group-entry', () => {
    const parsed = protocol.parseMessage(message);
    const entry = entryOf(parsed, protocol);
    if (entry === undefined) throw corruptRecord('group-entry');
    const kept = { entry, issuer: parsed.envelope.sender, message, arrived };
    return ownMember(record, 'new') === true ? { ...kept, isNew: true } : kept;
  });
}

/** Reads the entry of a public message. @throws `format/` codes */
export function entryOf(message: ReliableMessage, protocol: Protocol): Entry | undefined {
  const content = protocol.contents.parse(parseJsonObject(message.data));
  return readEntry(messageID(message), message.envelope.sender, content);
}
