import {
  Barrack,
  type BarrackEvents,
  type BarrackOptions,
  type Protocol,
  type Store,
  type StoreChange,
  type StoreKey,
  seconds,
  systemClock,
} from '@dimp/core';
import { canDecrypt, canEncrypt, type DecryptKey, type Signer } from '@dimp/crypto';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import { type Document, type ID, type Meta, metaMadeBy, signDocument, type User } from '@dimp/mkm';
import { encodeRecord } from '../record.ts';
import type { Contact } from './contact-records.ts';
import { StoreArchive } from './store-archive.ts';

/** What a facebook is made with. */
export interface FacebookOptions<P extends Protocol> extends BarrackOptions {
  readonly protocol: P;
  /** Where identities, metas, documents, members and contacts are kept. */
  readonly store: Store;
}

/** What a facebook tells of, whoever changed it: this program, or another tab on the same store. */
export interface FacebookEvents extends BarrackEvents {
  contactsChanged: { readonly user: ID };
  /** A user of this machine came, went, or became the current one; or got new keys. */
  usersChanged: Record<never, never>;
}

/** A user of this machine, all at once. */
export interface LocalUserRecord {
  readonly id: ID;
  readonly meta: Meta;
  readonly documents: readonly Document[];
  readonly signer: Signer;
  /** Keys that open message keys, newest first; the identity key is added if it can decrypt. */
  readonly messageKeys: readonly DecryptKey[];
  /** How the identity was made, such as the entropy of its mnemonic. Kept like a key. */
  readonly origin?: JsonObject;
}

/**
 * A barrack over storage: private keys, metas, documents, members and contacts last as long as the store does.
 *
 * @example
 * ```ts
 * const facebook = new Facebook({ protocol: createProtocol(standard()), store: memoryStore() });
 * const moki = await register('moki', { facebook });
 * ```
 */
export class Facebook<P extends Protocol = Protocol>
  extends Barrack<FacebookEvents>
  implements AsyncDisposable
{
  declare readonly protocol: P;
  declare protected readonly archive: StoreArchive;
  /** Where everything is kept; services of the same users keep their things there, too. */
  readonly store: Store;
  readonly #watching: Disposable | undefined;

  constructor({ protocol, store, ...options }: FacebookOptions<P>) {
    const { clock = systemClock } = options;
    super(protocol, new StoreArchive(protocol, store, clock), options);
    this.store = store;
    this.#watching = store.sharing?.watch((keys) => {
      for (const key of keys) this.#changedElsewhere(key);
    });
  }

  /**
   * Saves the private keys of a user of this machine. Keys of which one cannot be exported are kept in memory only.
   *
   * @param decryptKeys - keys that open message keys, newest first; the identity key is added if it can decrypt
   * @param options.origin - how the identity was made; kept like a key
   */
  async savePrivateKeys(
    id: ID,
    signer: Signer,
    decryptKeys: readonly DecryptKey[] = [],
    options: { readonly origin?: JsonObject } = {},
  ): Promise<void> {
    const keys = { id, signer, messageKeys: decryptKeys, ...options };
    const changes = await this.archive.identities.changes(keys);
    if (changes.length > 0) await this.store.batch(changes);
    this.archive.identities.noted(keys, changes.length > 0);
    this.emitter.emit('usersChanged', {});
  }

  /**
   * Saves a user of this machine with everything that belongs to him, all of it or nothing: meta, documents, keys.
   *
   * @throws `identity/meta-mismatch` if ID, meta and identity key do not belong together, or there is another meta;
   *   `identity/document-invalid`; `unsupported/entity`; `store/` codes
   */
  async saveLocalUser(record: LocalUserRecord): Promise<User> {
    const { id, meta, documents, signer, messageKeys, origin } = record;
    const user = this.user(id);
    await this.protocol.metas.check(meta, id);
    if (!metaMadeBy(meta, signer.publicKey)) throw otherKey(id);
    const known = await this.meta(id);
    if (known !== undefined && !metaMadeBy(known, meta.key)) throw otherKey(id);
    const proof = { id, key: meta.key, now: seconds(this.clock) };
    for (const document of documents) await this.protocol.documents.verify(document, proof);
    const keys = { id, signer, messageKeys, ...(origin === undefined ? {} : { origin }) };
    const changes = await this.archive.identities.changes(keys);
    await this.store.batch([
      ...(known === undefined ? [put(['meta', id.entity], meta.wire)] : []),
      put(
        ['documents', id.entity],
        documents.map(({ wire }) => wire),
      ),
      ...changes,
    ]);
    this.archive.identities.noted(keys, changes.length > 0);
    this.forget(id.entity);
    this.emitter.emit('metaSaved', { id });
    this.emitter.emit('documentSaved', { id });
    this.emitter.emit('usersChanged', {});
    return user;
  }

  /**
   * Saves a group that a user of ours founded, all of it or nothing. The caller has made and signed it.
   *
   * @param members - the owner first
   */
  async saveOwnGroup(
    id: ID,
    meta: Meta,
    bulletin: Document,
    members: readonly ID[],
  ): Promise<void> {
    await this.protocol.metas.check(meta, id);
    await this.store.batch([
      put(['meta', id.entity], meta.wire),
      put(['documents', id.entity], [bulletin.wire]),
      put(
        ['members', id.entity],
        members.map((member) => member.text),
      ),
    ]);
    this.forget(id.entity);
    for (const kind of ['metaSaved', 'documentSaved', 'membersSaved'] as const) {
      this.emitter.emit(kind, { id });
    }
  }

  /** Users of this machine in the order of their registration; the current one is first. */
  async localUsers(): Promise<readonly User[]> {
    return (await this.localIdentities()).map(({ id }) => this.user(id));
  }

  /** The user who sends when nobody else is named: the one chosen, else the first one registered. */
  async currentUser(): Promise<User | undefined> {
    return (await this.localUsers())[0];
  }

  /**
   * Chooses the current user; it lasts.
   *
   * @throws `identity/not-found` if it is no user of this machine
   */
  async useUser(id: ID): Promise<void> {
    await this.requireSigner(id);
    await this.archive.identities.choose(id);
    this.emitter.emit('usersChanged', {});
  }

  /** Forgets the private keys of a user. Without a backup nobody can ever speak for him again. */
  async removeUser(id: ID): Promise<void> {
    await this.archive.identities.remove(id);
    this.emitter.emit('usersChanged', {});
  }

  /** How an identity of this machine was made, if that was told. A secret. */
  async identityOrigin(id: ID): Promise<JsonObject | undefined> {
    return (await this.archive.identities.find(id))?.origin;
  }

  /** Keys of a user that open what was sent to his visas, newest first, without the identity key. */
  async messageKeys(id: ID): Promise<readonly DecryptKey[]> {
    return (await this.archive.identities.find(id))?.messageKeys ?? [];
  }

  /**
   * Gives a user a new key for receiving: a new visa with it replaces the old one, whose key still opens what was sent
   * to it before (spec §2.7).
   *
   * @param algorithm - has to encrypt
   * @throws `identity/not-found` if it is no user of this machine; `TypeError` for keys that cannot encrypt
   */
  async rotateMessageKey(id: ID, algorithm = 'RSA'): Promise<Document> {
    const identity = await this.archive.identities.find(id);
    const meta = await this.meta(id);
    if (identity === undefined || meta === undefined) {
      throw new ProtocolError('identity/not-found', 'no user of this machine', {
        details: { id: id.text },
      });
    }
    const key = await makeMessageKey(this.protocol, algorithm);
    const documents = await this.documents(id);
    const old = await this.document(id);
    const visa = await signDocument(
      {
        did: id,
        type: 'visa',
        properties: { ...old?.properties, key: key.publicKey.toWire() },
        // Strictly newer than the old one, even if the clock was set back.
        now: Math.max(seconds(this.clock), (old?.time ?? 0) + 0.001),
      },
      identity.signer,
    );
    const kept = documents.filter(
      ({ type, terminal }) => type !== 'visa' || terminal !== undefined,
    );
    await this.saveLocalUser({
      ...identity,
      meta,
      documents: [...kept, visa],
      messageKeys: [key, ...identity.messageKeys],
    });
    return visa;
  }

  /** Adds a contact, or changes what the user calls him. */
  async addContact(user: ID, contact: ID, options: Omit<Contact, 'id'> = {}): Promise<void> {
    await this.archive.contactRecords.set(user.entity, { id: contact, ...options });
    this.emitter.emit('contactsChanged', { user });
  }

  async removeContact(user: ID, contact: ID): Promise<void> {
    await this.archive.contactRecords.delete(user.entity, contact);
    this.emitter.emit('contactsChanged', { user });
  }

  /** A contact with its remark, if the user has it. */
  async contact(user: ID, id: ID): Promise<Contact | undefined> {
    return this.archive.contactRecords.get(user.entity, id);
  }

  /** Replaces the contacts of a user; remarks of those who stay are kept. */
  async saveContacts(user: ID, contacts: readonly ID[]): Promise<void> {
    await this.archive.contactRecords.replace(user.entity, contacts);
    this.emitter.emit('contactsChanged', { user });
  }

  /** Stops listening to other tabs. The store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
  }

  /** An entity's record was changed by another tab; an empty path says that any may have been. */
  #changedElsewhere([area, name]: StoreKey): void {
    if (area === undefined) {
      this.reduceMemory();
      this.reduceMemory();
      this.archive.identities.reload();
      this.emitter.emit('usersChanged', {});
    } else if (area === 'identity' || area === 'current-user') {
      this.archive.identities.reload();
      this.emitter.emit('usersChanged', {});
    } else if (name !== undefined && area in CHANGES) {
      const id = this.protocol.parseID(name);
      this.forget(id.entity);
      const kind = CHANGES[area as keyof typeof CHANGES];
      if (kind === 'contactsChanged') this.emitter.emit(kind, { user: id });
      else this.emitter.emit(kind, { id });
    }
  }
}

const CHANGES = {
  meta: 'metaSaved',
  documents: 'documentSaved',
  members: 'membersSaved',
  contact: 'contactsChanged',
} as const;

/** Makes a key for a visa. */
export async function makeMessageKey(protocol: Protocol, algorithm: string): Promise<DecryptKey> {
  const key = await protocol.keys.generate(algorithm);
  if (!canDecrypt(key) || !canEncrypt(key.publicKey)) {
    throw new TypeError(
      `keys of ${algorithm} cannot encrypt, so no message could reach their owner`,
    );
  }
  return key;
}

function put(key: StoreKey, value: JsonObject | readonly (JsonObject | string)[]): StoreChange {
  return { type: 'set', key, value: encodeRecord(value) };
}

function otherKey(id: ID): ProtocolError<'identity/meta-mismatch'> {
  return new ProtocolError('identity/meta-mismatch', 'meta and identity key differ', {
    details: { id: id.text },
  });
}
