import { canEncrypt, type EncryptKey, type KeyRegistry } from '@dimp/crypto';
import { isJsonObject, isProtocolError, type JsonObject, ownMember } from '@dimp/foundation';
import type { Document } from './document.ts';
import type { ID } from './id.ts';
import { type PortableNetworkFile, parsePortableNetworkFile } from './portable-network-file.ts';

/** The display name a document gives its entity; the first of a 0.8 profile's `names` (spec §7.2). */
export function documentName(document: Document): string | undefined {
  const name = ownMember(document.properties, 'name');
  if (typeof name === 'string') return name;
  const names = ownMember(document.properties, 'names');
  const first = Array.isArray(names) ? names[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

/** The avatar of a visa; the first of a 0.8 profile's `photos` (spec §7.2). */
export function visaAvatar(visa: Document): PortableNetworkFile | undefined {
  const avatar = ownMember(visa.properties, 'avatar');
  if (avatar !== undefined && avatar !== null) return parsePortableNetworkFile(avatar, 'avatar');
  const photos = ownMember(visa.properties, 'photos');
  return Array.isArray(photos) ? parsePortableNetworkFile(photos[0], 'photos') : undefined;
}

/**
 * The key that messages to a user are encrypted for (spec §7.6). It only encrypts: a message is verified with the meta
 * key alone (spec §14.1 #6). A key beside the signed text, where 0.8 looked for one, proves nothing and is not read.
 *
 * @returns undefined if the visa has no key, or one that cannot encrypt
 * @throws `format/field`, `unsupported/algorithm`, `crypto/key` for a damaged one.
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

/** The members of a group's bulletin that are IDs (spec §7.2). */
export interface BulletinRoles {
  readonly founder?: ID;
  readonly owner?: ID;
  readonly assistants: readonly ID[];
  readonly administrators: readonly ID[];
}

/** Reads the roles in a bulletin; entries that are no IDs are left out. */
export function bulletinRoles(bulletin: Document, readID: (text: unknown) => ID): BulletinRoles {
  const { properties } = bulletin;
  const founder = one(properties, 'founder', readID);
  const owner = one(properties, 'owner', readID);
  const single = one(properties, 'assistant', readID);
  return {
    ...(founder === undefined ? {} : { founder }),
    ...(owner === undefined ? {} : { owner }),
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
