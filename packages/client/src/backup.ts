/**
 * Taking an identity along: an encrypted file with everything that belongs to a user of this machine.
 *
 * @module
 */

import { type DecryptKey, isExportable, type Signer } from '@dimp/crypto';
import {
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID, User } from '@dimp/mkm';
import { openWithPassphrase, sealWithPassphrase } from '@dimp/store-encrypted/secrets';
import type { Facebook } from './facebook/facebook.ts';

/** Options of {@link exportIdentity}. */
export interface ExportOptions {
  /** How much the passphrase costs to try: scrypt's parameters; 128 MiB and half a second by default. */
  readonly work?: { readonly N: number; readonly r: number; readonly p: number };
}

/** Bounds of a file's content: contacts may be many. */
const LIMITS = { maxBytes: 64 * 1024 * 1024, maxDepth: 32, maxMembers: 1_048_576 };

/**
 * Writes an identity into a file: private keys, meta, documents, contacts, and how it was made.
 *
 * @returns bytes that only the passphrase opens
 * @throws `identity/not-found` if it is no user of this machine; `crypto/unavailable` for keys that cannot be exported;
 *   `RangeError` for an empty passphrase
 *
 * @example
 * ```ts
 * await writeFile('moki.dim', await exportIdentity(facebook, moki.id, passphrase));
 * ```
 */
export async function exportIdentity(
  facebook: Facebook,
  id: ID,
  passphrase: string,
  options: ExportOptions = {},
): Promise<Uint8Array> {
  const signer = await facebook.requireSigner(id);
  const meta = await facebook.meta(id);
  if (meta === undefined) throw new ProtocolError('identity/not-found', 'user has no meta');
  const origin = await facebook.identityOrigin(id);
  const contacts: JsonObject[] = [];
  for (const contact of await facebook.contacts(id)) {
    const { remark } = (await facebook.contact(id, contact)) ?? {};
    contacts.push({ id: contact.text, ...(remark === undefined ? {} : { remark }) });
  }
  const content: JsonObject = {
    version: 1,
    id: id.text,
    identityKey: wireOf(signer),
    messageKeys: (await facebook.messageKeys(id)).map(wireOf),
    meta: meta.wire,
    documents: (await facebook.documents(id)).map(({ wire }) => wire),
    contacts,
    ...(origin === undefined ? {} : { origin }),
  };
  return sealWithPassphrase(utf8Encode(stringifyJson(content)), passphrase, options);
}

/**
 * Takes an identity out of a file. Keys, meta and ID have to belong together; documents that are there already and newer
 * stay, contacts are added. Importing twice changes nothing.
 *
 * @throws `crypto/passphrase` for the wrong passphrase or a changed file; `format/` codes for something else;
 *   `identity/meta-mismatch`, `identity/document-invalid`; `store/` codes. Nothing has been written then, but contacts
 *   perhaps
 */
export async function importIdentity(
  facebook: Facebook,
  file: Uint8Array,
  passphrase: string,
): Promise<User> {
  const content = parseJsonObject(await openWithPassphrase(file, passphrase), LIMITS);
  const { version, messageKeys, documents, contacts, origin } = content;
  if (version !== 1) throw fieldError('version', 'is not known');
  const { protocol } = facebook;
  const id = protocol.parseID(content['id']);
  const known = listOf(contacts, 'contacts').map((contact) => {
    if (!isJsonObject(contact)) throw fieldError('contacts', 'is damaged');
    const { remark } = contact;
    return {
      id: protocol.parseID(contact['id']),
      ...(typeof remark === 'string' ? { remark } : {}),
    };
  });
  const user = await facebook.saveLocalUser({
    id,
    meta: protocol.metas.parse(content['meta']),
    documents: listOf(documents, 'documents').map((wire) => protocol.documents.parse(wire, id)),
    signer: protocol.keys.parsePrivate(content['identityKey']) as Signer,
    messageKeys: listOf(messageKeys, 'messageKeys').map(
      (wire) => protocol.keys.parsePrivate(wire) as unknown as DecryptKey,
    ),
    ...(isJsonObject(origin) ? { origin } : {}),
  });
  for (const { id: contact, ...rest } of known) await facebook.addContact(id, contact, rest);
  return user;
}

function wireOf(key: Signer | DecryptKey): JsonObject {
  if (isExportable(key)) return key.toWire();
  throw new ProtocolError('crypto/unavailable', 'a private key cannot be exported', {
    details: { algorithm: key.algorithm },
  });
}

function listOf(value: Json | undefined, field: string): readonly Json[] {
  if (!Array.isArray(value)) throw fieldError(field, 'is no list');
  return value as readonly Json[];
}
