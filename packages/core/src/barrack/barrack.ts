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

/** What a barrack is made with. */
export interface BarrackOptions {
  readonly clock?: Clock;
  /** Entries of each cache, 4,096 by default. */
  readonly cacheSize?: number;
}

/** What a barrack tells of, after it has been stored. */
export interface BarrackEvents {
  metaSaved: { readonly id: ID };
  /** A second, different meta arrived for a known ID: the first one stays, but somebody forges (spec §14.7 no. 1). */
  metaConflict: { readonly id: ID; readonly meta: Meta };
  /** The document is absent if somebody else stored it, such as another tab: then it is in the list of documents. */
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

/** What became of a meta or document that was handed in. */
export type SaveOutcome = 'saved' | 'known';

/**
 * The directory of entities: users and groups with their metas, documents, keys and members. Everything that comes in
 * is verified here, once; everything that comes out can be trusted.
 */
export class Barrack implements UserDataSource, GroupDataSource {
  readonly protocol: Protocol;
  readonly clock: Clock;
  protected readonly archive: Archive;
  readonly #emitter: Events<BarrackEvents>;
  readonly #roles: GroupRoles;
  readonly #cache: EntityCache;
  /** Most bytes of an entity's meta, and of its documents. */
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
   * The user of an ID.
   *
   * @throws `unsupported/entity` for a group ID, and for a kind without a class
   */
  user(id: ID): User {
    return this.#cache.object(this.#cache.users, id, () => makeUser(id, this));
  }

  /**
   * The group of an ID.
   *
   * @throws `unsupported/entity` for a user ID, and for a kind without a class
   */
  group(id: ID): Group {
    return this.#cache.object(this.#cache.groups, id, () => makeGroup(id, this));
  }

  /** The verified meta of an entity; broadcast IDs have none. */
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
   * Takes in a meta for an ID. The first one wins; a different one is reported and changes nothing (spec §6.4).
   *
   * @throws `identity/meta-mismatch` for a meta that does not belong to the ID, `format/limit` for one of more than
   *   64 KiB, and the codes of reading one
   */
  async saveMeta(meta: Meta | JsonObject, id: ID): Promise<SaveOutcome> {
    const keep = this.#cache.begin();
    const known = await this.meta(id);
    const wire = isMeta(meta) ? meta.wire : meta;
    // Verified when it was stored.
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

  /** Raises the alarm if a checked meta is another one than the first (spec §14.7 no. 1). */
  reportConflict(id: ID, first: Meta, other: Meta): void {
    if (!sameMeta(first, other)) this.#emitter.emit('metaConflict', { id, meta: other });
  }

  /** The verified documents of an entity, the newest of each type and terminal. */
  async documents(id: ID): Promise<readonly Document[]> {
    if (id.isBroadcast) return [];
    const known = this.#cache.documents.get(id.entity);
    if (known !== undefined) return known;
    const keep = this.#cache.begin();
    const documents = this.readDocuments(id, await this.archive.documents(id.entity));
    keep(this.#cache.documents, id.entity, documents);
    return documents;
  }

  /** Whether exactly this document was verified before, and is kept: it need not be verified again. */
  async hasDocument(document: Document, id: ID): Promise<boolean> {
    return isAmong(await this.documents(id), document);
  }

  /** The visa or bulletin in force: the newest, and never a document of another type. */
  async document(id: ID): Promise<Document | undefined> {
    const documents = await this.documents(id);
    return id.isGroup ? newestBulletin(documents) : newestVisa(documents);
  }

  /**
   * Takes in a document for an ID: verifies it with the meta key of whoever may sign it, and keeps it if it is newer
   * (spec §7.4–7.5).
   *
   * @throws `identity/document-invalid`, `identity/expired` for one that is not newer, `identity/not-found` if the
   *   signer's meta is not known, `format/limit` for one of more than 64 KiB, and the codes of reading one
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
    // What is stored is at least as new as what is remembered of it.
    if (cached !== undefined && this.withDocument(cached, parsed) === undefined) return 'known';
    let outcome = 'known' as SaveOutcome;
    await this.archive.changeDocuments(id.entity, (stored) => {
      const list = this.withDocument(this.readDocuments(id, stored), parsed);
      if (list !== undefined) outcome = 'saved';
      return list?.map(({ wire }) => wire);
    });
    if (outcome === 'known') return outcome;
    // Not put into the cache: of two that are saved at once, nobody knows here which was the last.
    this.#cache.forgetDocuments(id.entity);
    this.#emitter.emit('documentSaved', { id, document: parsed });
    return outcome;
  }

  /** The meta key that documents of an entity must be signed with: its own, or its group's owner's (spec §7.4). */
  async documentKey(id: ID): Promise<VerifyKey | undefined> {
    if (id.isUser) return (await this.meta(id))?.key;
    const owner = await this.owner(id);
    const signer = owner === undefined ? undefined : await this.meta(owner);
    return (signer ?? (await this.meta(id)))?.key;
  }

  /** The key that a sender's messages are verified with: its meta's, and no other (spec §14.1 #6). */
  async verifyKey(id: ID): Promise<VerifyKey | undefined> {
    return (await this.meta(id))?.key;
  }

  /** The key that message keys for a user are encrypted with: the newest visa's, else the meta's (spec §7.6). */
  async encryptKey(id: ID): Promise<EncryptKey | undefined> {
    return (await this.encryptKeys(id))[0]?.key;
  }

  /**
   * The keys that message keys for a user are encrypted with, newest first: those of the newest visas of their terminals,
   * at most 8, none older than 180 days but the newest; the meta's key if there is no visa (spec §7.6, §8.9).
   */
  async encryptKeys(id: ID): Promise<readonly ReceiverKey[]> {
    const known = this.#cache.encryptKeys.get(id.entity);
    if (known !== undefined) return chooseReceiverKeys(known, seconds(this.clock));
    const documents = await this.documents(id);
    const keys = receiverKeys(documents, await this.meta(id), this.protocol.keys);
    // A key that was replaced meanwhile must not stay in use.
    if (keys.length > 0 && this.#cache.documents.get(id.entity) === documents) {
      this.#cache.encryptKeys.set(id.entity, keys);
    }
    return chooseReceiverKeys(keys, seconds(this.clock));
  }

  /** Users of this machine, the current one first. */
  async localIdentities(): Promise<readonly LocalIdentity[]> {
    return this.archive.localIdentities();
  }

  /** The keys of a user of this machine. */
  async localIdentity(id: ID): Promise<LocalIdentity | undefined> {
    return (await this.localIdentities()).find((each) => sameEntity(each.id, id));
  }

  /**
   * Which user of this machine a message is for: the receiver itself, a member of the receiving group, or the current
   * user for a broadcast (spec §8.6).
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
   * The identity key of a user of this machine.
   *
   * @throws `identity/not-found` for anybody else.
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

  /** Whether somebody may speak in a group: its members, bots and staff; anybody while the members are not known. */
  async maySpeak(group: ID, sender: ID): Promise<boolean> {
    return this.#roles.maySpeak(group, sender);
  }

  /** Whether two users are members of one group, as far as member lists are known here. */
  async areFellows(a: EntityKey, b: EntityKey): Promise<boolean> {
    const { parseID } = this.protocol;
    for (const group of (await this.archive.groups?.()) ?? []) {
      const members = (await this.members(parseID(group))).map(({ entity }) => entity);
      if (members.includes(a) && members.includes(b)) return true;
    }
    return false;
  }

  /** Replaces the member list of a group, the owner first (spec §18 no. 19). Who may do so is the caller's question. */
  async saveMembers(group: ID, members: readonly ID[]): Promise<void> {
    await this.archive.setMembers(
      group.entity,
      members.map((member) => member.text),
    );
    this.#emitter.emit('membersSaved', { id: group });
  }

  /**
   * Bounds what is kept of one entity from now on, for whoever keeps it for strangers: a quarter of this for its meta, the rest
   * for its documents, of which the oldest have to go. Without this call it is 64 KiB for each of 17.
   *
   * @param bytes - of JSON
   */
  limitEntities(bytes: number): void {
    this.#maxMeta = Math.floor(bytes / 4);
    this.#maxDocuments = bytes - this.#maxMeta;
  }

  /** Forgets what is remembered of an entity, because it was changed in the archive by somebody else. */
  protected forget(entity: EntityKey): void {
    this.#cache.forget(entity);
  }

  /** {@link Barrack.forget} of all entities. */
  protected forgetAll(): void {
    this.#cache.forgetAll();
  }

  /** Checks a meta before it is kept: its size, and that it belongs to the ID (spec §6.4). */
  protected async checkMeta(meta: Meta, id: ID): Promise<void> {
    checkStoredSize(meta.wire, this.#maxMeta);
    await this.protocol.metas.check(meta, id);
  }

  /** Checks a document before it is kept: its size, and everything of spec §7.4 but whether it is newer. */
  protected async checkDocument(document: Document, id: ID, key: VerifyKey): Promise<void> {
    checkStoredSize(document.wire, this.#maxDocuments);
    await this.protocol.documents.verify(document, { id, key, now: seconds(this.clock) });
  }

  /** Reads what the archive has; all of it was verified before it was stored. */
  protected readDocuments(id: ID, wires: readonly JsonObject[]): readonly Document[] {
    const { documents } = this.protocol;
    return readStored('documents', () => wires.map((wire) => documents.parse(wire, id)));
  }

  /** {@link withDocument} by the rules of this protocol. */
  protected withDocument(
    stored: readonly Document[],
    incoming: Document,
  ): readonly Document[] | undefined {
    return withDocument(stored, incoming, this.protocol.documents, this.#maxDocuments);
  }

  /**
   * Forgets a part of every cache, half by default, for the host's memory pressure signal. Nothing is lost, it is read
   * again.
   */
  reduceMemory(part?: Reduction): void {
    this.#cache.reduce(part);
    this.protocol.reduceMemory(part);
  }
}
