/**
 * Exports a user of this machine to an encrypted file, and imports them on another device.
 *
 * @module
 */

import type { Protocol } from '@dimp/core';
import { canDecrypt, type DecryptKey, isExportable, type Key, type Signer } from '@dimp/crypto';
import type { Facebook } from '@dimp/endpoint';
import { exportKeyOwners, importKeyOwners } from '@dimp/endpoint';
import {
  definedOnly,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  rethrowOurFault,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID, User } from '@dimp/mkm';
import { openWithPassphrase, sealWithPassphrase } from '@dimp/store-encrypted/secrets';

/** Options for {@link exportIdentity}. */
export interface ExportOptions {
  /** Cost of trying a passphrase, as scrypt parameters. By default it takes 128 MiB and half a second. */
  readonly work?: { readonly N: number; readonly r: number; readonly p: number };
}

/** Limits on the content of a file. There may be many contacts, and each has a meta and a visa. */
const LIMITS = { maxBytes: 256 * 1024 * 1024, maxDepth: 32, maxMembers: 4_194_304 };

/**
 * Exports an identity: private keys, meta, documents, its origin, and its contacts with their metas and documents. A
 * contact who believes that we have their documents does not send them again.
 *
 * @returns the file; only the passphrase opens it
 * @throws `identity/not-found` if the ID does not belong to a user of this machine; `crypto/unavailable` for keys that
 *   cannot be exported; `format/limit` for more than 256 MiB of contacts; `RangeError` for an empty passphrase
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
  if (meta === undefined) throw new ProtocolError('identity/not-found', 'the user has no meta');
  const origin = await facebook.identityOrigin(id);
  const contacts: JsonObject[] = [];
  for (const contact of await facebook.contacts(id)) {
    const { remark } = (await facebook.contact(id, contact)) ?? {};
    const known = await facebook.meta(contact);
    contacts.push({
      id: contact.text,
      ...definedOnly({ remark, meta: known?.wire }),
      documents: (await facebook.documents(contact)).map(({ wire }) => wire),
    });
  }
  const content: JsonObject = {
    version: 1,
    id: id.text,
    identityKey: wireOf(signer),
    messageKeys: (await facebook.messageKeys(id)).map(wireOf),
    meta: meta.wire,
    documents: (await facebook.documents(id)).map(({ wire }) => wire),
    contacts,
    keyOwners: await exportKeyOwners(facebook.store, id),
    ...definedOnly({ origin }),
  };
  const bytes = utf8Encode(stringifyJson(content));
  if (bytes.length > LIMITS.maxBytes) {
    throw new ProtocolError('format/limit', 'the contacts must fit into one file', {
      details: { limit: 'bytes', max: LIMITS.maxBytes },
    });
  }
  return sealWithPassphrase(bytes, passphrase, options);
}

/**
 * Imports an identity from a file. Keys, meta and ID must belong together. Newer documents in the store stay, and
 * contacts are added. Importing twice changes nothing.
 *
 * @throws `crypto/passphrase` for the wrong passphrase or a changed file; `format/` codes for a file of another kind;
 *   `identity/meta-mismatch`, `identity/document-invalid`; `store/` codes. Then nothing has been written, except
 *   contacts in some cases
 */
export async function importIdentity(
  facebook: Facebook,
  file: Uint8Array,
  passphrase: string,
): Promise<User> {
  const content = parseJsonObject(await openWithPassphrase(file, passphrase), LIMITS);
  const { version, messageKeys, documents, contacts, keyOwners = [], origin } = content;
  if (version !== 1) throw fieldError('version', 'must be 1');
  const { protocol } = facebook;
  const id = protocol.parseID(content['id']);
  const known = listOf(contacts, 'contacts').map((contact) => readContact(contact, protocol));
  const user = await facebook.saveLocalUser({
    id,
    meta: protocol.metas.parse(content['meta']),
    documents: listOf(documents, 'documents').map((wire) => protocol.documents.parse(wire, id)),
    signer: protocol.keys.parsePrivate(content['identityKey']) as Signer,
    messageKeys: listOf(messageKeys, 'messageKeys').map((wire) => readMessageKey(wire, protocol)),
    ...(isJsonObject(origin) ? { origin } : {}),
  });
  const owners = listOf(keyOwners, 'keyOwners').filter(isJsonObject);
  await importKeyOwners(facebook.store, id, owners, protocol.parseID);
  for (const contact of known) await addContact(facebook, id, contact);
  return user;
}

function readMessageKey(wire: Json, protocol: Protocol): DecryptKey {
  const key: Key = protocol.keys.parsePrivate(wire);
  if (!canDecrypt(key)) throw fieldError('messageKeys', 'must be able to decrypt');
  return key;
}

interface KnownContact {
  readonly id: ID;
  readonly remark?: string;
  readonly meta?: JsonObject;
  readonly documents: readonly JsonObject[];
}

function readContact(contact: Json, protocol: Protocol): KnownContact {
  if (!isJsonObject(contact)) throw fieldError('contacts', 'must hold objects');
  const { remark, meta, documents = [] } = contact;
  return {
    id: protocol.parseID(contact['id']),
    ...(typeof remark === 'string' ? { remark } : {}),
    ...(isJsonObject(meta) ? { meta } : {}),
    documents: listOf(documents, 'documents').filter(isJsonObject),
  };
}

async function addContact(facebook: Facebook, user: ID, contact: KnownContact): Promise<void> {
  const { id, remark, meta, documents } = contact;
  await facebook.addContact(user, id, definedOnly({ remark }));
  try {
    if (meta !== undefined) await facebook.saveMeta(meta, id);
    for (const document of documents) await facebook.saveDocument(document, id);
  } catch (error) {
    // The algorithm may not be registered here, or the document may have expired. The contact is added all the same.
    rethrowOurFault(error);
  }
}

function wireOf(key: Signer | DecryptKey): JsonObject {
  if (isExportable(key)) return key.toWire();
  throw new ProtocolError('crypto/unavailable', 'a private key cannot be exported', {
    details: { algorithm: key.algorithm },
  });
}

function listOf(value: Json | undefined, field: string): readonly Json[] {
  if (!Array.isArray(value)) throw fieldError(field, 'must be a list');
  return value as readonly Json[];
}
