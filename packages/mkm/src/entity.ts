import type { DecryptKey, EncryptKey, Signer } from '@dimp/crypto';
import { type MaybePromise, ProtocolError } from '@dimp/foundation';
import { type Document, isBulletin, isVisa, newestBulletin, newestVisa } from './document.ts';
import { EntityType } from './entity-type.ts';
import type { ID } from './id.ts';
import type { Meta } from './meta.ts';
import { displayNumber } from './search-number.ts';
import { documentName } from './visa.ts';

/** Source of the facts about entities, such as a barrack. */
export interface EntityDataSource {
  meta(id: ID): MaybePromise<Meta | undefined>;
  documents(id: ID): MaybePromise<readonly Document[]>;
}

/** Source of the facts about users. */
export interface UserDataSource extends EntityDataSource {
  /** The key that encrypts message keys: that of the visa, else of the meta (spec §7.6). */
  encryptKey(id: ID): MaybePromise<EncryptKey | undefined>;
  /** Identity key of a local user. */
  signer(id: ID): MaybePromise<Signer | undefined>;
  /** Keys of a local user that decrypt message keys, newest first. */
  decryptKeys(id: ID): MaybePromise<readonly DecryptKey[]>;
  contacts(id: ID): MaybePromise<readonly ID[]>;
}

/** Source of the facts about groups. */
export interface GroupDataSource extends EntityDataSource {
  founder(id: ID): MaybePromise<ID | undefined>;
  owner(id: ID): MaybePromise<ID | undefined>;
  members(id: ID): MaybePromise<readonly ID[]>;
  assistants(id: ID): MaybePromise<readonly ID[]>;
  administrators(id: ID): MaybePromise<readonly ID[]>;
}

/** A user or a group: an entity with an ID, a meta and documents. */
export abstract class Entity<S extends EntityDataSource = EntityDataSource> {
  readonly id: ID;
  protected readonly source: S;

  constructor(id: ID, source: S) {
    this.id = id;
    this.source = source;
  }

  /** Kind of entity, see `EntityType`. */
  get type(): number {
    return this.id.type;
  }

  meta(): MaybePromise<Meta | undefined> {
    return this.source.meta(this.id);
  }

  documents(): MaybePromise<readonly Document[]> {
    return this.source.documents(this.id);
  }

  /** The name in the document, else name and search number: `NAME (ddd-ddd-dddd)` (spec §4.6). */
  async displayName(): Promise<string> {
    const named = (await this.documents()).filter(this.id.isGroup ? isBulletin : isVisa);
    const newestFirst = [...named].sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
    const names = newestFirst.map(documentName);
    const name = names.find((each) => each !== undefined && each !== '');
    return name ?? `${this.id.name ?? this.kindWord} (${displayNumber(this.id)})`;
  }

  protected abstract readonly kindWord: string;
}

/** A person. */
export class User extends Entity<UserDataSource> {
  protected override readonly kindWord: string = 'User';

  async visa(): Promise<Document | undefined> {
    return newestVisa(await this.documents());
  }

  contacts(): MaybePromise<readonly ID[]> {
    return this.source.contacts(this.id);
  }

  /** The key that encrypts for this user, if it is known. */
  encryptKey(): MaybePromise<EncryptKey | undefined> {
    return this.source.encryptKey(this.id);
  }

  /** Identity key, for local users only. */
  signer(): MaybePromise<Signer | undefined> {
    return this.source.signer(this.id);
  }

  /** Keys that decrypt messages to this user, for local users only. */
  decryptKeys(): MaybePromise<readonly DecryptKey[]> {
    return this.source.decryptKeys(this.id);
  }
}

/** A program that chats, called bot on the current wire. */
export class Robot extends User {
  protected override readonly kindWord: string = 'Bot';
}

/** A server that relays messages. Its users need not trust it. */
export class Station extends User {
  protected override readonly kindWord: string = 'Station';
}

/** A group of users. */
export class Group extends Entity<GroupDataSource> {
  protected override readonly kindWord: string = 'Group';

  async bulletin(): Promise<Document | undefined> {
    return newestBulletin(await this.documents());
  }

  founder(): MaybePromise<ID | undefined> {
    return this.source.founder(this.id);
  }

  owner(): MaybePromise<ID | undefined> {
    return this.source.owner(this.id);
  }

  members(): MaybePromise<readonly ID[]> {
    return this.source.members(this.id);
  }

  assistants(): MaybePromise<readonly ID[]> {
    return this.source.assistants(this.id);
  }

  administrators(): MaybePromise<readonly ID[]> {
    return this.source.administrators(this.id);
  }
}

/** A group that its founder always owns; the usual kind. */
export class Polylogue extends Group {
  /** Founder and owner are the same (spec §9.14). */
  override owner(): MaybePromise<ID | undefined> {
    return this.founder();
  }
}

/** A group with administrators. */
export class Chatroom extends Group {}

/** A company that runs stations, called ISP on the current wire. */
export class ServiceProvider extends Group {
  protected override readonly kindWord: string = 'ISP';
}

/**
 * Creates the user object of the right kind for an ID.
 *
 * @throws `unsupported/entity` for a group, and for a kind without a class
 */
export function makeUser(id: ID, source: UserDataSource): User {
  if (!id.isUser) throw unsupported(id, 'must be a user');
  if (id.isBroadcast) return new User(id, source);
  switch (id.type) {
    case EntityType.User:
      return new User(id, source);
    case EntityType.Robot:
      return new Robot(id, source);
    case EntityType.Station:
      return new Station(id, source);
    default:
      throw unsupported(id, 'must be of a kind of user with a class');
  }
}

/**
 * Creates the group object of the right kind for an ID.
 *
 * @throws `unsupported/entity` for a user, and for a kind without a class
 */
export function makeGroup(id: ID, source: GroupDataSource): Group {
  if (!id.isGroup) throw unsupported(id, 'must be a group');
  if (id.isBroadcast) return new Group(id, source);
  switch (id.type) {
    case EntityType.Group:
      return new Polylogue(id, source);
    case EntityType.Chatroom:
      return new Chatroom(id, source);
    case EntityType.ServiceProvider:
      return new ServiceProvider(id, source);
    default:
      throw unsupported(id, 'must be of a kind of group with a class');
  }
}

function unsupported(id: ID, reason: string): ProtocolError<'unsupported/entity'> {
  return new ProtocolError('unsupported/entity', `entity ${reason}`, {
    details: { id: id.text, type: id.type },
  });
}
