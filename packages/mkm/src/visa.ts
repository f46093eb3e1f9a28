import { canEncrypt, type EncryptKey, type KeyRegistry } from '@dimp/crypto';
import {
  definedOnly,
  isJsonObject,
  isProtocolError,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import type { Document } from './document.ts';
import type { ID } from './id.ts';
import { type PortableNetworkFile, parsePortableNetworkFile } from './portable-network-file.ts';

/** Returns the display name in a document; the first of the `names` of a 0.8 profile (spec §7.2). */
export function documentName(document: Document): string | undefined {
  const name = ownMember(document.properties, 'name');
  if (typeof name === 'string') return name;
  const names = ownMember(document.properties, 'names');
  const first = Array.isArray(names) ? names[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

/** Returns the avatar in a visa; the first of the `photos` of a 0.8 profile (spec §7.2). */
export function visaAvatar(visa: Document): PortableNetworkFile | undefined {
  const avatar = ownMember(visa.properties, 'avatar');
  if (avatar !== undefined && avatar !== null) return parsePortableNetworkFile(avatar, 'avatar');
  const photos = ownMember(visa.properties, 'photos');
  return Array.isArray(photos) ? parsePortableNetworkFile(photos[0], 'photos') : undefined;
}

/**
 * Returns the key that encrypts messages to a user (spec §7.6). Messages are verified with the meta key only (spec §14.1 #6).
 * A key beside the signed text, where 0.8 peers look for it, is not signed and not read.
 *
 * @returns undefined if the visa has no key, or one that cannot encrypt
 * @throws `format/field`, `unsupported/algorithm`, `crypto/key` for a damaged key
 */
export function visaKey(
  visa: Document,
  keys: Pick<KeyRegistry, 'parsePublic'>,
): EncryptKey | undefined {
  const wire = ownMember(visa.properties, 'key');
  if (!isJsonObject(wire)) return undefined;
  const key = keys.parsePublic(wire);
  return canEncrypt(key) ? key : undefined;
}

/** The roles in a group's bulletin (spec §7.2). */
export interface BulletinRoles {
  readonly founder?: ID;
  readonly owner?: ID;
  readonly assistants: readonly ID[];
  readonly administrators: readonly ID[];
}

/** Reads the roles in a bulletin. Entries that are not IDs are left out. */
export function bulletinRoles(bulletin: Document, readID: (text: unknown) => ID): BulletinRoles {
  const { properties } = bulletin;
  const founder = one(properties, 'founder', readID);
  const owner = one(properties, 'owner', readID);
  const single = one(properties, 'assistant', readID);
  return {
    ...definedOnly({ founder, owner }),
    assistants: many(properties, 'assistants', readID) ?? (single === undefined ? [] : [single]),
    administrators: many(properties, 'administrators', readID) ?? [],
  };
}

function one(properties: JsonObject, name: string, readID: (text: unknown) => ID): ID | undefined {
  const value = ownMember(properties, name);
  if (value === undefined || value === null) return undefined;
  try {
    return readID(value);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}

function many(
  properties: JsonObject,
  name: string,
  readID: (text: unknown) => ID,
): readonly ID[] | undefined {
  const value = ownMember(properties, name);
  if (!Array.isArray(value)) return undefined;
  return value
    .map((_, index) => one({ [name]: value[index] }, name, readID))
    .filter((id) => id !== undefined);
}
