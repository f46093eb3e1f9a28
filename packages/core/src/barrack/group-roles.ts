import {
  type BulletinRoles,
  broadcastGroupRoles,
  bulletinRoles,
  type Document,
  type EntityDataSource,
  EntityType,
  type ID,
  metaMadeBy,
  newestBulletin,
  sameEntity,
} from '@dimp/mkm';
import type { Archive } from './archive.ts';
import { readStored } from './stored.ts';

const NOBODY: BulletinRoles = { assistants: [], administrators: [] };

/** Answers who founded, owns, administers and belongs to a group (spec §5, §7.2, §9.14). */
export class GroupRoles {
  readonly #source: EntityDataSource;
  readonly #archive: Pick<Archive, 'members'>;
  readonly #readID: (text: unknown) => ID;
  /** A bulletin may name thousands of IDs, and every message of its group asks for them. */
  readonly #roles = new WeakMap<Document, BulletinRoles>();

  constructor(
    source: EntityDataSource,
    archive: Pick<Archive, 'members'>,
    readID: (text: unknown) => ID,
  ) {
    this.#source = source;
    this.#archive = archive;
    this.#readID = readID;
  }

  /**
   * The founder is whoever made the group's meta. A bulletin may name him, but only the comparison of the group's meta
   * with his own proves it (spec §14.1 #12).
   */
  async founder(group: ID): Promise<ID | undefined> {
    if (group.isBroadcast) return broadcastGroupRoles(group).founder;
    const groupMeta = await this.#source.meta(group);
    if (groupMeta === undefined) return undefined;
    const { founder } = await this.#bulletin(group);
    const candidates = [
      ...(founder === undefined ? [] : [founder]),
      ...(await this.members(group)),
    ];
    for (const candidate of candidates) {
      const meta = await this.#source.meta(candidate);
      if (meta !== undefined && metaMadeBy(groupMeta, meta.key)) return candidate;
    }
    return undefined;
  }

  /** The owner: the founder, in groups that know no handing over (spec §9.14). */
  async owner(group: ID): Promise<ID | undefined> {
    if (group.isBroadcast) return broadcastGroupRoles(group).owner;
    if (group.type === EntityType.Group) return this.founder(group);
    const [first] = await this.members(group);
    return (await this.founder(group)) ?? first;
  }

  /** The members, the owner first; empty while they are not known. */
  async members(group: ID): Promise<readonly ID[]> {
    if (group.isBroadcast) return broadcastGroupRoles(group).members;
    const texts = await this.#archive.members(group.entity);
    return readStored('members', () => texts.map((text) => this.#readID(text)));
  }

  /** Bots that distribute a group's messages. */
  async assistants(group: ID): Promise<readonly ID[]> {
    return (await this.#bulletin(group)).assistants;
  }

  async administrators(group: ID): Promise<readonly ID[]> {
    return (await this.#bulletin(group)).administrators;
  }

  /** Whether somebody may speak in a group: members, its bots and its staff; anybody while no member is known. */
  async maySpeak(group: ID, sender: ID): Promise<boolean> {
    const members = await this.members(group);
    if (members.length === 0 || members.some((each) => sameEntity(each, sender))) return true;
    const { owner, assistants, administrators } = await this.#bulletin(group);
    const staff = [...(owner === undefined ? [] : [owner]), ...assistants, ...administrators];
    return staff.some((each) => sameEntity(each, sender));
  }

  async #bulletin(group: ID): Promise<BulletinRoles> {
    const bulletin = newestBulletin(await this.#source.documents(group));
    if (bulletin === undefined) return NOBODY;
    const known = this.#roles.get(bulletin);
    if (known !== undefined) return known;
    const roles = bulletinRoles(bulletin, this.#readID);
    this.#roles.set(bulletin, roles);
    return roles;
  }
}
