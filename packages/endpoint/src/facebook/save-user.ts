import type { DecryptKey, Signer } from '@dimp/crypto';
import { isProtocolError, type JsonObject, ProtocolError } from '@dimp/foundation';
import { type Document, type ID, type Meta, metaMadeBy } from '@dimp/mkm';
import { putDocuments, putMeta, type StoreArchive } from './store-archive.ts';

/** A local user with meta, documents and keys. */
export interface LocalUserRecord {
  readonly id: ID;
  readonly meta: Meta;
  readonly documents: readonly Document[];
  readonly signer: Signer;
  /** Keys that decrypt message keys, newest first; three are kept. The identity key is added if it can decrypt. */
  readonly messageKeys: readonly DecryptKey[];
  /** How the identity was made, such as the entropy of its mnemonic. Kept like a key; if absent, the stored one stays. */
  readonly origin?: JsonObject;
}

/** The parts of a saved user that were not stored before. */
export interface SavedUser {
  readonly meta?: Meta;
  readonly documents: readonly Document[];
}

/** The stored meta and documents of a user. */
export interface StoredUser {
  readonly meta: Meta | undefined;
  readonly documents: readonly Document[];
}

/**
 * Writes a user in one batch. The caller holds the locks of the users and of this user's documents.
 *
 * @param merge - a list of documents with one more; throws `identity/expired` for a document that is not newer
 * @throws `identity/meta-mismatch` if another meta is stored; `store/` codes
 */
export async function saveUser(
  archive: StoreArchive,
  record: LocalUserRecord,
  stored: StoredUser,
  merge: (list: readonly Document[], document: Document) => readonly Document[] | undefined,
): Promise<SavedUser> {
  const { id, meta } = record;
  const known = stored.meta;
  if (known !== undefined && !metaMadeBy(known, meta.key)) throw otherKey(id);
  let list = stored.documents;
  const documents: Document[] = [];
  for (const document of record.documents) {
    const longer = unlessOlder(() => merge(list, document));
    if (longer === undefined) continue;
    list = longer;
    documents.push(document);
  }
  const wires = list.map(({ wire }) => wire);
  const change = await archive.identities.change(record);
  await archive.write([
    ...(known === undefined ? [putMeta(id, meta.wire)] : []),
    ...(documents.length === 0 ? [] : [putDocuments(id.entity, wires)]),
    ...change.changes,
  ]);
  change.done();
  return known === undefined ? { meta, documents } : { documents };
}

function unlessOlder<T>(merge: () => T): T | undefined {
  try {
    return merge();
  } catch (error) {
    if (isProtocolError(error, 'identity/expired')) return undefined;
    throw error;
  }
}

/** Creates the error for a meta that does not belong to the identity key. */
export function otherKey(id: ID): ProtocolError<'identity/meta-mismatch'> {
  return new ProtocolError(
    'identity/meta-mismatch',
    'the meta does not belong to the identity key',
    {
      details: { id: id.text },
    },
  );
}
