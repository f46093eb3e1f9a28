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

/** What a facebook is made with. */
export interface FacebookOptions<P extends Protocol> extends BarrackOptions {
  readonly protocol: P;
  /** Where identities, metas, documents, members and contacts are kept. */
  readonly store: Store;
}

/**
 * What a facebook tells of, after it has been stored; whoever changed it, this program or another tab on the same store.
 */
export interface FacebookEvents extends BarrackEvents {
  contactsChanged: { readonly user: ID };
  /**
   * A user of this machine came, went, or became the current one; or got new keys. It is also all that is told if a
   * shared store says that anything may have changed: who keeps something of it reads it again.
   */
  usersChanged: Record<never, never>;
}

const FACEBOOK_EVENTS: EventKinds<FacebookEvents> = {
  ...BARRACK_EVENTS,
  contactsChanged: true,
  usersChanged: true,
};

/**
 * A barrack over storage: private keys, metas, documents, members and contacts last as long as the store does.
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
  /** Where everything is kept; services of the same users keep their things there, too. */
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
   * Saves the private keys of a user of this machine. Keys of which one cannot be exported are kept in memory only.
   *
   * @param decryptKeys - keys that open message keys, newest first, of which three are kept; the identity key is added
   *   if it can decrypt
   * @param options.origin - how the identity was made; kept like a key. Without it, what is kept stays
   * @throws `unsupported/entity` for an ID that is no user's; `store/` codes
   */
  async savePrivateKeys(
    id: ID,
    signer: Signer,
    decryptKeys: readonly DecryptKey[] = [],
    options: { readonly origin?: JsonObject } = {},
  ): Promise<void> {
    // Refuses what is no user.
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
   * Saves a user of this machine with everything that belongs to him, all of it or nothing: meta, documents, keys.
   * Documents that are there already and newer stay.
   *
   * @throws `identity/meta-mismatch` if ID, meta and identity key do not belong together, or there is another meta;
   *   `identity/document-invalid`; `format/limit` for a meta or document that no peer would keep; `unsupported/entity`;
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
   * Saves a group that a user of ours founded, all of it or nothing. The caller has made and signed it.
   *
   * @param members - the owner first
   * @throws `format/field` if there is such a group already; `identity/meta-mismatch`, `identity/document-invalid`,
   *   `format/limit`; `store/` codes
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

  /** Users of this machine in the order of their registration. */
  async localUsers(): Promise<readonly User[]> {
    return (await this.archive.identities.registered()).map((id) => this.user(id));
  }

  /** The user who sends when nobody else is named: the one chosen, else the first one registered. */
  async currentUser(): Promise<User | undefined> {
    const [current] = await this.localIdentities();
    return current === undefined ? undefined : this.user(current.id);
  }

  /**
   * The current user, or the one that is made if there is none. Several that ask at the same time, in this program or in
   * tabs on the same store, get the same one: one of them makes it, the others wait. See {@link ensureUser}.
   *
   * @param make - makes and saves a user
   * @throws what `make` throws; `store/` codes
   */
  async ensureUser(make: () => Promise<User>): Promise<User> {
    const known = await this.currentUser();
    if (known !== undefined) return known;
    return withLock(this.store, 'first user', async () => {
      // Another tab may have made one, and its news may not have come yet.
      this.archive.identities.reload();
      return (await this.currentUser()) ?? make();
    });
  }

  /**
   * Chooses the current user; it lasts.
   *
   * @throws `identity/not-found` if it is no user of this machine
   */
  async useUser(id: ID): Promise<void> {
    await this.requireSigner(id);
    await this.archive.identities.choose(id);
    this.#emitter.emit('usersChanged', {});
  }

  /**
   * Forgets the private keys of a user, and how they were made. Without a backup nobody can ever speak for him again.
   * His contacts, and what everybody may know of him, stay.
   */
  async removeUser(id: ID): Promise<void> {
    await this.archive.changingUsers(() => this.archive.identities.remove(id));
    this.#emitter.emit('usersChanged', {});
  }

  /**
   * Removes meta, documents and members of an entity from the store, all of it at once: for directories, which cannot keep
   * every stranger. Whoever comes again brings them along.
   *
   * @throws `format/field` for a user of this machine, of whom everything stays; `store/` codes
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
   * to it before (spec §2.7). Everything else in the visa stays.
   *
   * @param algorithm - has to encrypt; that of the key in use by default
   * @returns the visa, for whoever writes to the user
   * @throws `identity/not-found` if it is no user of this machine; `TypeError` for keys that cannot encrypt; `store/`
   *   codes, and then the old key stays in use
   */
  async rotateMessageKey(id: ID, algorithm?: string): Promise<Document> {
    const [before] = (await this.#requireKeys(id)).messageKeys;
    const key = await makeMessageKey(this.protocol, algorithm ?? before?.algorithm ?? 'RSA');
    const visa = await this.#renewVisa(id, newKeyChange(key, this.protocol));
    if (visa === undefined) throw new TypeError('a new key must lead to a new visa');
    return visa;
  }

  /**
   * Lets the visa of a user announce what this program reads, after an update: until then others go on writing to him as
   * to the older one. The key stays.
   *
   * @returns the new visa, for whoever writes to the user; undefined if the old one announces it all, or there is none
   * @throws `identity/not-found` if it is no user of this machine; `store/` codes
   */
  async announceAbilities(id: ID): Promise<Document | undefined> {
    const isDue = (visa: Document | undefined): boolean =>
      visa !== undefined && withAbilities(visa.properties, this.protocol) !== undefined;
    // Nothing to do, most often.
    if (!isDue(await this.document(id))) return undefined;
    return this.#renewVisa(id, abilitiesChange(this.protocol));
  }

  /** Signs a changed visa, and stores it with its key in one step. */
  async #renewVisa(id: ID, change: VisaChange): Promise<Document | undefined> {
    const renew = async (): Promise<Document | undefined> => {
      // Another tab may have done the same meanwhile.
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
   * Adds a contact, or changes what the user calls him.
   *
   * @param options.remark - what the user calls him; without it, what he calls him stays; an empty one is none
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

  /** A contact with its remark, if the user has it. */
  async contact(user: ID, id: ID): Promise<Contact | undefined> {
    return this.archive.contactRecords.get(user.entity, id);
  }

  /** Replaces the contacts of a user; remarks of those who stay are kept. */
  async saveContacts(user: ID, contacts: readonly ID[]): Promise<void> {
    for (const contact of contacts) requireID(contact, 'a contact');
    await this.archive.contactRecords.replace(user.entity, contacts);
    this.#emitter.emit('contactsChanged', { user });
  }

  /** Stops listening to other tabs. The store stays open. */
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
      // Somebody with more address families uses the store, too.
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
