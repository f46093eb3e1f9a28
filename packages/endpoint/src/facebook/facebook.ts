import {
  BARRACK_EVENTS,
  Barrack,
  type BarrackEvents,
  type BarrackOptions,
  type Protocol,
  type Store,
  type StoreKey,
  seconds,
  withLock,
} from '@dimp/core';
import type { DecryptKey, Signer } from '@dimp/crypto';
import {
  type EventKinds,
  type EventSource,
  Events,
  fieldError,
  type Handle,
  isProtocolError,
  type JsonObject,
  onAsyncDispose,
  ProtocolError,
} from '@dimp/foundation';
import { type Document, type ID, type Meta, metaMadeBy, type User } from '@dimp/mkm';
import { requireID } from '../require-id.ts';
import { withAbilities } from './abilities.ts';
import { changesElsewhere } from './changes-elsewhere.ts';
import type { Contact } from './contact-records.ts';
import type { IdentityKeys } from './identity-records.ts';
import { makeMessageKey } from './message-key.ts';
import { type LocalUserRecord, otherKey, type SavedUser, saveUser } from './save-user.ts';
import { putDocuments, putMembers, putMeta, StoreArchive } from './store-archive.ts';
import { abilitiesChange, newKeyChange, renewVisa, type VisaChange } from './visa-change.ts';

/** Options for a {@link Facebook}. */
export interface FacebookOptions<P extends Protocol> extends BarrackOptions {
  readonly protocol: P;
  /** Stores identities, metas, documents, members and contacts. */
  readonly store: Store;
}

/**
 * Events of a facebook, emitted after a change by this program or another tab has been stored.
 */
export interface FacebookEvents extends BarrackEvents {
  contactsChanged: { readonly user: ID };
  /**
   * A local user was added or removed, became the current one, or got new keys. Also emitted, alone, if a shared store reports
   * that anything may have changed: read cached data again.
   */
  usersChanged: Record<never, never>;
}

const FACEBOOK_EVENTS: EventKinds<FacebookEvents> = {
  ...BARRACK_EVENTS,
  contactsChanged: true,
  usersChanged: true,
};

/**
 * A barrack with a store: private keys, metas, documents, members and contacts are persistent.
 *
 * @example
 * ```ts
 * const facebook = new Facebook({ protocol: createProtocol(standard()), store: memoryStore() });
 * const moki = await register('moki', { facebook });
 * ```
 */
export class Facebook<P extends Protocol = Protocol> extends Barrack implements AsyncDisposable {
  declare readonly protocol: P;
  declare protected readonly archive: StoreArchive;
  /** The store. Other services of the same users may use it too. */
  readonly store: Store;
  readonly #emitter: Events<FacebookEvents>;
  readonly #watching: Handle | undefined;

  constructor({ protocol, store, ...options }: FacebookOptions<P>) {
    const emitter = new Events(FACEBOOK_EVENTS);
    super(protocol, new StoreArchive(protocol, store), options, emitter);
    this.#emitter = emitter;
    this.store = store;
    this.#watching = store.sharing?.watch((keys) => this.#changedElsewhere(keys));
  }

  override get events(): EventSource<FacebookEvents> {
    return this.#emitter;
  }

  /**
   * Saves the private keys of a local user. If one of them cannot be exported, all are kept in memory only.
   *
   * @param decryptKeys - keys that decrypt message keys, newest first; three are kept. The identity key is added if it can decrypt
   * @param options.origin - how the identity was made, kept like a key; if absent, the stored one stays
   * @throws `unsupported/entity` for an ID that is not a user's; `store/` codes
   */
  async savePrivateKeys(
    id: ID,
    signer: Signer,
    decryptKeys: readonly DecryptKey[] = [],
    options: { readonly origin?: JsonObject } = {},
  ): Promise<void> {
    // Throws for an ID that is not a user's.
    this.user(id);
    const keys = { id, signer, messageKeys: decryptKeys, ...options };
    await this.archive.changingUsers(async () => {
      const change = await this.archive.identities.change(keys);
      await this.archive.write(change.changes);
      change.done();
    });
    this.#emitter.emit('usersChanged', {});
  }

  /**
   * Saves a local user atomically: meta, documents and keys. Stored documents that are newer stay.
   *
   * @throws `identity/meta-mismatch` if ID, meta and identity key do not belong together, or another meta is stored;
   *   `identity/document-invalid`; `format/limit` for a meta or document that is too large for peers; `unsupported/entity`;
   *   `store/` codes
   */
  async saveLocalUser(record: LocalUserRecord): Promise<User> {
    const { id, meta, signer, documents } = record;
    const user = this.user(id);
    await this.checkMeta(meta, id);
    if (!metaMadeBy(meta, signer.publicKey)) throw otherKey(id);
    for (const document of documents) await this.checkDocument(document, id, meta.key);
    const { entity } = id;
    const saved = await this.archive.changingUsers(() =>
      this.archive.changingDocuments(entity, () => this.#keepLocalUser(record)),
    );
    this.#tellOfUser(id, saved);
    return user;
  }

  /**
   * Saves a group that a local user founded, atomically. The caller has created and signed it.
   *
   * @param members - the owner first
   * @throws `format/field` if the group exists already; `identity/meta-mismatch`, `identity/document-invalid`, `format/limit`;
   *   `store/` codes
   */
  async saveOwnGroup(
    id: ID,
    meta: Meta,
    bulletin: Document,
    members: readonly ID[],
  ): Promise<void> {
    await this.checkMeta(meta, id);
    await this.checkDocument(bulletin, id, meta.key);
    await this.archive.changingDocuments(id.entity, async () => {
      if ((await this.archive.meta(id.entity)) !== undefined) {
        throw fieldError('name', 'is already used by another group of this founder');
      }
      await this.archive.write([
        putMeta(id, meta.wire),
        putDocuments(id.entity, [bulletin.wire]),
        putMembers(id, members),
      ]);
    });
    this.forget(id.entity);
    this.#emitter.emit('metaSaved', { id });
    this.#emitter.emit('documentSaved', { id, document: bulletin });
    this.#emitter.emit('membersSaved', { id });
  }

  /** Returns the local users in the order of their registration. */
  async localUsers(): Promise<readonly User[]> {
    return (await this.archive.identities.registered()).map((id) => this.user(id));
  }

  /** Returns the default sender: the user chosen with {@link Facebook.useUser}, else the first one registered. */
  async currentUser(): Promise<User | undefined> {
    const [current] = await this.localIdentities();
    return current === undefined ? undefined : this.user(current.id);
  }

  /**
   * Returns the current user, and creates one if there is none. Concurrent calls, in this program or in tabs on the same store, get
   * the same user. See {@link ensureUser}.
   *
   * @param make - creates and saves a user
   * @throws what `make` throws; `store/` codes
   */
  async ensureUser(make: () => Promise<User>): Promise<User> {
    const known = await this.currentUser();
    if (known !== undefined) return known;
    return withLock(this.store, 'first user', async () => {
      // Another tab may have created one, and its notification may not have arrived yet.
      this.archive.identities.reload();
      return (await this.currentUser()) ?? make();
    });
  }

  /**
   * Chooses the current user persistently.
   *
   * @throws `identity/not-found` if the ID is not that of a local user
   */
  async useUser(id: ID): Promise<void> {
    await this.requireSigner(id);
    await this.archive.identities.choose(id);
    this.#emitter.emit('usersChanged', {});
  }

  /**
   * Deletes the private keys of a user and their origin. Without a backup they are lost for ever. Contacts, meta and documents
   * stay.
   */
  async removeUser(id: ID): Promise<void> {
    await this.archive.changingUsers(() => this.archive.identities.remove(id));
    this.#emitter.emit('usersChanged', {});
  }

  /**
   * Deletes meta, documents and members of an entity atomically. For directories, which cannot store all strangers: an entity that
   * returns sends them again.
   *
   * @throws `format/field` for a local user, who stays; `store/` codes
   */
  async forgetEntity(id: ID): Promise<void> {
    await this.archive.changingUsers(async () => {
      if ((await this.localIdentity(id)) !== undefined) {
        throw fieldError('id', 'must not be a local user');
      }
      await this.archive.changingDocuments(id.entity, () => this.archive.removeEntity(id.entity));
    });
    this.forget(id.entity);
  }

  /** Returns how a local identity was made, if that is stored. A secret. */
  async identityOrigin(id: ID): Promise<JsonObject | undefined> {
    return (await this.archive.identities.find(id))?.origin;
  }

  /** Returns the keys of a local user that decrypt what was sent to their visas, newest first, without the identity key. */
  async messageKeys(id: ID): Promise<readonly DecryptKey[]> {
    return (await this.archive.identities.find(id))?.messageKeys ?? [];
  }

  /**
   * Creates a new message key for a local user, in a new visa that replaces the old one. The old key still decrypts what was sent
   * to it (spec §2.7). The other properties of the visa stay.
   *
   * @param algorithm - must be able to encrypt; that of the current key by default
   * @returns the new visa, to be sent to peers
   * @throws `identity/not-found` if the ID is not that of a local user; `TypeError` for an algorithm that cannot encrypt; `store/`
   *   codes, in which case the old key stays in use
   */
  async rotateMessageKey(id: ID, algorithm?: string): Promise<Document> {
    const [before] = (await this.#requireKeys(id)).messageKeys;
    const key = await makeMessageKey(this.protocol, algorithm ?? before?.algorithm ?? 'RSA');
    const visa = await this.#renewVisa(id, newKeyChange(key, this.protocol));
    if (visa === undefined) throw new TypeError('a new key must lead to a new visa');
    return visa;
  }

  /**
   * Announces the abilities of this program in a local user's visa, after an update of the program. The key stays.
   *
   * @param more - abilities of parts that the application has chosen, such as `groups-2`
   * @returns the new visa, to be sent to peers; undefined if the old one announces them all, or there is none
   * @throws `identity/not-found` if the ID is not that of a local user; `store/` codes
   */
  async announceAbilities(id: ID, more: readonly string[] = []): Promise<Document | undefined> {
    const isDue = (visa: Document | undefined): boolean =>
      visa !== undefined && withAbilities(visa.properties, this.protocol, more) !== undefined;
    // The usual case, without a lock.
    if (!isDue(await this.document(id))) return undefined;
    return this.#renewVisa(id, abilitiesChange(this.protocol, more));
  }

  /** Signs a changed visa and stores it atomically with its key. */
  async #renewVisa(id: ID, change: VisaChange): Promise<Document | undefined> {
    const renew = async (): Promise<Document | undefined> => {
      // Another tab may have done the same in the meantime.
      this.archive.identities.reload();
      const identity = await this.#requireKeys(id);
      const meta = await this.meta(id);
      if (meta === undefined) throw notFound(id);
      const stored = this.readDocuments(id, await this.archive.documents(id.entity));
      const renewed = await renewVisa(change, identity, stored, seconds(this.clock));
      if (renewed === undefined) return undefined;
      const { visa, messageKeys } = renewed;
      await this.#keepLocalUser({ ...identity, meta, documents: [visa], messageKeys });
      return visa;
    };
    const visa = await this.archive.changingUsers(() =>
      this.archive.changingDocuments(id.entity, renew),
    );
    if (visa !== undefined) this.#tellOfUser(id, { documents: [visa] });
    return visa;
  }

  /**
   * Adds a contact or changes its remark.
   *
   * @param options.remark - the user's name for the contact; if absent, the stored one stays; an empty one deletes it
   * @throws `TypeError` for a contact that is not an ID; `store/` codes
   */
  async addContact(user: ID, contact: ID, options: Omit<Contact, 'id'> = {}): Promise<void> {
    requireID(contact, 'the contact');
    await this.archive.contactRecords.set(user.entity, { id: contact, ...options });
    this.#emitter.emit('contactsChanged', { user });
  }

  async removeContact(user: ID, contact: ID): Promise<void> {
    await this.archive.contactRecords.delete(user.entity, contact);
    this.#emitter.emit('contactsChanged', { user });
  }

  /** Returns a contact of a user with its remark. */
  async contact(user: ID, id: ID): Promise<Contact | undefined> {
    return this.archive.contactRecords.get(user.entity, id);
  }

  /** Replaces the contacts of a user. Remaining contacts keep their remarks. */
  async saveContacts(user: ID, contacts: readonly ID[]): Promise<void> {
    for (const contact of contacts) requireID(contact, 'a contact');
    await this.archive.contactRecords.replace(user.entity, contacts);
    this.#emitter.emit('contactsChanged', { user });
  }

  /** Stops listening to changes by other tabs. Does not close the store. */
  async close(): Promise<void> {
    this.#watching?.close();
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(Facebook, (facebook) => facebook.close());
  }

  async #requireKeys(id: ID): Promise<IdentityKeys> {
    const keys = await this.archive.identities.find(id);
    if (keys === undefined) throw notFound(id);
    return keys;
  }

  /** The caller holds the locks of the users and of this user's documents. */
  async #keepLocalUser(record: LocalUserRecord): Promise<SavedUser> {
    const { id } = record;
    const meta = await this.meta(id);
    const documents = this.readDocuments(id, await this.archive.documents(id.entity));
    return saveUser(this.archive, record, { meta, documents }, (list, document) =>
      this.withDocument(list, document),
    );
  }

  #tellOfUser(id: ID, { meta, documents }: SavedUser): void {
    this.forget(id.entity);
    if (meta !== undefined) this.#emitter.emit('metaSaved', { id });
    for (const document of documents) this.#emitter.emit('documentSaved', { id, document });
    this.#emitter.emit('usersChanged', {});
  }

  #changedElsewhere(keys: readonly StoreKey[]): void {
    for (const change of changesElsewhere(keys)) {
      if (change.kind === 'everything' || change.kind === 'usersChanged') {
        if (change.kind === 'everything') this.forgetAll();
        this.archive.identities.reload();
        this.#emitter.emit('usersChanged', {});
        continue;
      }
      const id = this.#readName(change.name);
      if (id === undefined) continue;
      this.forget(id.entity);
      if (change.kind === 'contactsChanged') this.#emitter.emit(change.kind, { user: id });
      else this.#emitter.emit(change.kind, { id });
    }
  }

  #readName(name: string): ID | undefined {
    try {
      return this.protocol.parseID(name);
    } catch (error) {
      // Another program with more address families also uses the store.
      if (isProtocolError(error)) return undefined;
      throw error;
    }
  }
}

function notFound(id: ID): ProtocolError<'identity/not-found'> {
  return new ProtocolError('identity/not-found', 'the ID is not that of a local user', {
    details: { id: id.text },
  });
}
