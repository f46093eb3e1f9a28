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

/** Founder, owner, staff and members of groups (spec §5, §7.2, §9.14). */
export class GroupRoles {
  readonly #source: EntityDataSource;
  readonly #archive: Pick<Archive, 'members'>;
  readonly #readID: (text: unknown) => ID;
  /** Cache: a bulletin may name thousands of IDs, which every message of its group needs. */
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
   * Returns the founder, who made the group's meta. A bulletin may name the founder, but only a comparison of the group's meta
   * with the founder's meta proves it (spec §14.1 #12).
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

  /** Returns the owner, which is the founder in groups that cannot be transferred (spec §9.14). */
  async owner(group: ID): Promise<ID | undefined> {
    if (group.isBroadcast) return broadcastGroupRoles(group).owner;
    if (group.type === EntityType.Group) return this.founder(group);
    const [first] = await this.members(group);
    return (await this.founder(group)) ?? first;
  }

  /** Returns the members, the owner first; empty while they are unknown. */
  async members(group: ID): Promise<readonly ID[]> {
    if (group.isBroadcast) return broadcastGroupRoles(group).members;
    const texts = await this.#archive.members(group.entity);
    return readStored('members', () => texts.map((text) => this.#readID(text)));
  }

  /** Returns the bots that distribute a group's messages. */
  async assistants(group: ID): Promise<readonly ID[]> {
    return (await this.#bulletin(group)).assistants;
  }

  async administrators(group: ID): Promise<readonly ID[]> {
    return (await this.#bulletin(group)).administrators;
  }

  /** Whether a sender may write to a group: members, bots and staff may. While no member is known, every sender may. */
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
