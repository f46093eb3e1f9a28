import type { DecryptKey, EncryptKey, Signer, VerifyKey } from '@dimp/crypto';
import {
  type EventKinds,
  type EventSource,
  Events,
  equalJson,
  type JsonObject,
  ProtocolError,
  type Reduction,
} from '@dimp/foundation';
import {
  type Document,
  type EntityKey,
  type Group,
  type GroupDataSource,
  type ID,
  type Meta,
  makeGroup,
  makeUser,
  newestBulletin,
  newestVisa,
  sameEntity,
  type User,
  type UserDataSource,
} from '@dimp/mkm';
import { type Clock, seconds, systemClock } from '../ports/clock.ts';
import type { Protocol } from '../protocol/protocol.ts';
import type { Archive, LocalIdentity } from './archive.ts';
import { checkStoredSize, isAmong, withDocument } from './document-list.ts';
import { EntityCache } from './entity-cache.ts';
import { GroupRoles } from './group-roles.ts';
import { isDocument, isMeta, sameMeta } from './parsed.ts';
import { chooseReceiverKeys, type ReceiverKey, receiverKeys } from './receiver-keys.ts';
import { readStored } from './stored.ts';

/** Options for a {@link Barrack}. */
export interface BarrackOptions {
  readonly clock?: Clock;
  /** Capacity of each cache, 4,096 by default. */
  readonly cacheSize?: number;
}

/** Events of a barrack, emitted after the change has been stored. */
export interface BarrackEvents {
  metaSaved: { readonly id: ID };
  /** A second, different meta arrived for an ID. The first one stays; one of the two is forged (spec §14.7 no. 1). */
  metaConflict: { readonly id: ID; readonly meta: Meta };
  /** The document is absent if another tab stored it. Read it from the list of documents then. */
  documentSaved: { readonly id: ID; readonly document?: Document };
  membersSaved: { readonly id: ID };
}

/** All kinds of {@link BarrackEvents}. */
export const BARRACK_EVENTS: EventKinds<BarrackEvents> = {
  metaSaved: true,
  metaConflict: true,
  documentSaved: true,
  membersSaved: true,
};

/** The result of saving a meta or document. */
export type SaveOutcome = 'saved' | 'known';

/**
 * Directory of entities: users and groups with their metas, documents, keys and members. It verifies all input once, so its
 * output can be trusted.
 */
export class Barrack implements UserDataSource, GroupDataSource {
  readonly protocol: Protocol;
  readonly clock: Clock;
  protected readonly archive: Archive;
  readonly #emitter: Events<BarrackEvents>;
  readonly #roles: GroupRoles;
  readonly #cache: EntityCache;
  /** Maximum size in bytes of an entity's meta, and of its documents together. */
  #maxMeta = Number.POSITIVE_INFINITY;
  #maxDocuments = Number.POSITIVE_INFINITY;

  /** @param emitter - emits the events; a subclass with more kinds of events passes its own */
  constructor(
    protocol: Protocol,
    archive: Archive,
    options: BarrackOptions = {},
    emitter: Events<BarrackEvents> = new Events(BARRACK_EVENTS),
  ) {
    const { clock = systemClock, cacheSize = 4096 } = options;
    this.#emitter = emitter;
    this.protocol = protocol;
    this.archive = archive;
    this.clock = clock;
    this.#roles = new GroupRoles(this, archive, protocol.parseID);
    this.#cache = new EntityCache(cacheSize);
  }

  get events(): EventSource<BarrackEvents> {
    return this.#emitter;
  }

  /**
   * Returns the user of an ID.
   *
   * @throws `unsupported/entity` for a group ID, and for a kind without a class
   */
  user(id: ID): User {
    return this.#cache.object(this.#cache.users, id, () => makeUser(id, this));
  }

  /**
   * Returns the group of an ID.
   *
   * @throws `unsupported/entity` for a user ID, and for a kind without a class
   */
  group(id: ID): Group {
    return this.#cache.object(this.#cache.groups, id, () => makeGroup(id, this));
  }

  /** Returns the verified meta of an entity. Broadcast IDs have none. */
  async meta(id: ID): Promise<Meta | undefined> {
    if (id.isBroadcast) return undefined;
    const known = this.#cache.metas.get(id.entity);
    if (known !== undefined) return known;
    const keep = this.#cache.begin();
    const wire = await this.archive.meta(id.entity);
    if (wire === undefined) return undefined;
    const meta = readStored('meta', () => this.protocol.metas.parse(wire));
    keep(this.#cache.metas, id.entity, meta);
    return meta;
  }

  /**
   * Verifies and stores the meta of an ID. The first meta wins; a different one emits `metaConflict` and changes nothing (spec
   * §6.4).
   *
   * @throws `identity/meta-mismatch` for a meta that does not belong to the ID; `format/limit` for a meta of more than 64 KiB;
   *   the codes of reading a meta
   */
  async saveMeta(meta: Meta | JsonObject, id: ID): Promise<SaveOutcome> {
    const keep = this.#cache.begin();
    const known = await this.meta(id);
    const wire = isMeta(meta) ? meta.wire : meta;
    // It was verified when it was stored.
    if (known !== undefined && equalJson(known.wire, wire)) return 'known';
    const parsed = isMeta(meta) ? meta : this.protocol.metas.parse(meta);
    await this.checkMeta(parsed, id);
    if (await this.archive.addMeta(id.entity, parsed.wire)) {
      keep(this.#cache.metas, id.entity, parsed);
      this.#cache.encryptKeys.delete(id.entity);
      this.#emitter.emit('metaSaved', { id });
      return 'saved';
    }
    const first = await this.meta(id);
    if (first !== undefined) this.reportConflict(id, first, parsed);
    return 'known';
  }

  /** Emits `metaConflict` if a verified meta differs from the stored one (spec §14.7 no. 1). */
  reportConflict(id: ID, first: Meta, other: Meta): void {
    if (!sameMeta(first, other)) this.#emitter.emit('metaConflict', { id, meta: other });
  }

  /** Returns the verified documents of an entity, the newest of each type and terminal. */
  async documents(id: ID): Promise<readonly Document[]> {
    if (id.isBroadcast) return [];
    const known = this.#cache.documents.get(id.entity);
    if (known !== undefined) return known;
    const keep = this.#cache.begin();
    const documents = this.readDocuments(id, await this.archive.documents(id.entity));
    keep(this.#cache.documents, id.entity, documents);
    return documents;
  }

  /** Whether exactly this document is stored, so that it need not be verified again. */
  async hasDocument(document: Document, id: ID): Promise<boolean> {
    return isAmong(await this.documents(id), document);
  }

  /** Returns the visa or bulletin in force: the newest one, never a document of another type. */
  async document(id: ID): Promise<Document | undefined> {
    const documents = await this.documents(id);
    return id.isGroup ? newestBulletin(documents) : newestVisa(documents);
  }

  /**
   * Verifies a document of an ID with the meta key of its permitted signer, and stores it if it is newer (spec §7.4–7.5).
   *
   * @throws `identity/document-invalid`; `identity/expired` for a document that is not newer; `identity/not-found` if the
   *   signer's meta is unknown; `format/limit` for a document of more than 64 KiB; the codes of reading a document
   */
  async saveDocument(document: Document | JsonObject, id: ID): Promise<SaveOutcome> {
    const parsed = isDocument(document) ? document : this.protocol.documents.parse(document, id);
    if (await this.hasDocument(parsed, id)) return 'known';
    const key = await this.documentKey(id);
    if (key === undefined) {
      throw new ProtocolError('identity/not-found', 'the meta of the signer is not known', {
        details: { id: id.text },
      });
    }
    await this.checkDocument(parsed, id, key);
    const cached = this.#cache.documents.get(id.entity);
    // The stored documents are at least as new as the cached ones.
    if (cached !== undefined && this.withDocument(cached, parsed) === undefined) return 'known';
    let outcome = 'known' as SaveOutcome;
    await this.archive.changeDocuments(id.entity, (stored) => {
      const list = this.withDocument(this.readDocuments(id, stored), parsed);
      if (list !== undefined) outcome = 'saved';
      return list?.map(({ wire }) => wire);
    });
    if (outcome === 'known') return outcome;
    // Not cached: of two documents saved at once, it is unknown here which was written last.
    this.#cache.forgetDocuments(id.entity);
    this.#emitter.emit('documentSaved', { id, document: parsed });
    return outcome;
  }

  /** Returns the meta key that must sign an entity's documents: its own, or that of the group's owner (spec §7.4). */
  async documentKey(id: ID): Promise<VerifyKey | undefined> {
    if (id.isUser) return (await this.meta(id))?.key;
    const owner = await this.owner(id);
    const signer = owner === undefined ? undefined : await this.meta(owner);
    return (signer ?? (await this.meta(id)))?.key;
  }

  /** Returns the key that verifies a sender's messages: that of its meta, never another one (spec §14.1 #6). */
  async verifyKey(id: ID): Promise<VerifyKey | undefined> {
    return (await this.meta(id))?.key;
  }

  /** Returns the key that encrypts message keys for a user: that of the newest visa, else of the meta (spec §7.6). */
  async encryptKey(id: ID): Promise<EncryptKey | undefined> {
    return (await this.encryptKeys(id))[0]?.key;
  }

  /**
   * Returns the keys that encrypt message keys for a user, newest first: those of the newest visas of their terminals, at most
   * 8, and apart from the newest none older than 180 days; the meta's key if there is no visa (spec §7.6, §8.9).
   */
  async encryptKeys(id: ID): Promise<readonly ReceiverKey[]> {
    const known = this.#cache.encryptKeys.get(id.entity);
    if (known !== undefined) return chooseReceiverKeys(known, seconds(this.clock));
    const documents = await this.documents(id);
    const keys = receiverKeys(documents, await this.meta(id), this.protocol.keys);
    // A key that was replaced in the meantime must not be cached.
    if (keys.length > 0 && this.#cache.documents.get(id.entity) === documents) {
      this.#cache.encryptKeys.set(id.entity, keys);
    }
    return chooseReceiverKeys(keys, seconds(this.clock));
  }

  /** Returns the local users, the current one first. */
  async localIdentities(): Promise<readonly LocalIdentity[]> {
    return this.archive.localIdentities();
  }

  /** Returns the keys of a local user. */
  async localIdentity(id: ID): Promise<LocalIdentity | undefined> {
    return (await this.localIdentities()).find((each) => sameEntity(each.id, id));
  }

  /**
   * Returns the local user that a message is for: the receiver itself, a member of the receiving group, or the current user for
   * a broadcast (spec §8.6).
   */
  async selectLocalUser(receiver: ID): Promise<LocalIdentity | undefined> {
    const identities = await this.localIdentities();
    if (receiver.isBroadcast) return identities[0];
    if (receiver.isUser) return identities.find((each) => sameEntity(each.id, receiver));
    const members = await this.members(receiver);
    return identities.find((each) => members.some((member) => sameEntity(member, each.id)));
  }

  async signer(id: ID): Promise<Signer | undefined> {
    return (await this.localIdentity(id))?.signer;
  }

  /**
   * Returns the identity key of a local user.
   *
   * @throws `identity/not-found` for any other ID
   */
  async requireSigner(id: ID): Promise<Signer> {
    const signer = await this.signer(id);
    if (signer === undefined) {
      throw new ProtocolError('identity/not-found', 'the ID is not that of a local user', {
        details: { id: id.text },
      });
    }
    return signer;
  }

  async decryptKeys(id: ID): Promise<readonly DecryptKey[]> {
    return (await this.localIdentity(id))?.decryptKeys ?? [];
  }

  async contacts(id: ID): Promise<readonly ID[]> {
    const texts = await this.archive.contacts(id.entity);
    return readStored('contacts', () => texts.map((text) => this.protocol.parseID(text)));
  }

  async founder(group: ID): Promise<ID | undefined> {
    return this.#roles.founder(group);
  }

  async owner(group: ID): Promise<ID | undefined> {
    return this.#roles.owner(group);
  }

  async members(group: ID): Promise<readonly ID[]> {
    return this.#roles.members(group);
  }

  async assistants(group: ID): Promise<readonly ID[]> {
    return this.#roles.assistants(group);
  }

  async administrators(group: ID): Promise<readonly ID[]> {
    return this.#roles.administrators(group);
  }

  /** Whether a sender may write to a group: members, bots and staff may. While the members are unknown, every sender may. */
  async maySpeak(group: ID, sender: ID): Promise<boolean> {
    return this.#roles.maySpeak(group, sender);
  }

  /** Whether two users are members of the same group, according to the stored member lists. */
  async areFellows(a: EntityKey, b: EntityKey): Promise<boolean> {
    const { parseID } = this.protocol;
    for (const group of (await this.archive.groups?.()) ?? []) {
      const members = (await this.members(parseID(group))).map(({ entity }) => entity);
      if (members.includes(a) && members.includes(b)) return true;
    }
    return false;
  }

  /** Replaces the member list of a group, the owner first (spec §18 no. 19). The caller checks who may do so. */
  async saveMembers(group: ID, members: readonly ID[]): Promise<void> {
    await this.archive.setMembers(
      group.entity,
      members.map((member) => member.text),
    );
    this.#emitter.emit('membersSaved', { id: group });
  }

  /**
   * Limits the storage for each entity, for directories that store data of strangers: a quarter for the meta, the rest for the
   * documents, of which the oldest are dropped. Without this call, the meta and each of up to 16 documents may have 64 KiB.
   *
   * @param bytes - size of the JSON
   */
  limitEntities(bytes: number): void {
    this.#maxMeta = Math.floor(bytes / 4);
    this.#maxDocuments = bytes - this.#maxMeta;
  }

  /** Drops an entity from the caches, after it was changed in the archive. */
  protected forget(entity: EntityKey): void {
    this.#cache.forget(entity);
  }

  /** Drops all entities from the caches. */
  protected forgetAll(): void {
    this.#cache.forgetAll();
  }

  /** Checks a meta before it is stored: its size, and that it belongs to the ID (spec §6.4). */
  protected async checkMeta(meta: Meta, id: ID): Promise<void> {
    checkStoredSize(meta.wire, this.#maxMeta);
    await this.protocol.metas.check(meta, id);
  }

  /** Checks a document before it is stored: its size, and everything in spec §7.4 except whether it is newer. */
  protected async checkDocument(document: Document, id: ID, key: VerifyKey): Promise<void> {
    checkStoredSize(document.wire, this.#maxDocuments);
    await this.protocol.documents.verify(document, { id, key, now: seconds(this.clock) });
  }

  /** Reads documents of the archive, which were verified before they were stored. */
  protected readDocuments(id: ID, wires: readonly JsonObject[]): readonly Document[] {
    const { documents } = this.protocol;
    return readStored('documents', () => wires.map((wire) => documents.parse(wire, id)));
  }

  /** {@link withDocument} with the rules of this protocol. */
  protected withDocument(
    stored: readonly Document[],
    incoming: Document,
  ): readonly Document[] | undefined {
    return withDocument(stored, incoming, this.protocol.documents, this.#maxDocuments);
  }

  /**
   * Drops a part of every cache, half by default, for hosts under memory pressure. The data is read again when needed.
   */
  reduceMemory(part?: Reduction): void {
    this.#cache.reduce(part);
    this.protocol.reduceMemory(part);
  }
}
