import type { ServiceHost } from '@dimp/client';
import type { Draft } from '@dimp/dkd';
import { Reset } from '@dimp/extensions/groups';
import type { JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { PublicSigner } from '../evidence/sign-public.ts';
import { compareEntries, type Entry } from '../model/entry.ts';
import type { KeptEntry } from '../store/entry-record.ts';
import { documentMessage, forwardsOf, newcomerForwards, readsEntries } from './bundle.ts';
import type { GroupLog } from './group-log.ts';

/** What changed by entries of this user. */
export interface CarriedChange {
  readonly before: GroupLog;
  readonly after: GroupLog;
  readonly entries: readonly KeptEntry[];
  /** Whether the bulletin has changed, too. */
  readonly hasBulletin?: boolean;
}

/** Takes what this user changes to the members: entries, and lists for the programs that read only lists. */
export class Carrier {
  readonly #host: ServiceHost;
  readonly #signer: PublicSigner;

  constructor(host: ServiceHost, signer: PublicSigner) {
    this.#host = host;
    this.#signer = signer;
  }

  /** Sends a change to all whom it concerns. Each of them gets it from the outbox, whenever they can be reached. */
  async carry(user: ID, change: CarriedChange): Promise<void> {
    const { before, after } = change;
    const present = new Set(after.state?.members);
    const past = new Set(before.state?.members);
    const newcomers = [...present].filter((each) => !past.has(each));
    const stay = [...present].filter((each) => past.has(each) && each !== user.entity);
    const gone = [...past].filter((each) => !present.has(each) && each !== user.entity);
    await this.#toMembers(user, change, stay);
    for (const each of newcomers) if (each !== user.entity) await this.introduce(user, each, after);
    const { parseID } = this.#host.facebook.protocol;
    for (const each of gone) await this.tellRemoved(user, parseID(each), after);
  }

  /** Sends a newcomer everything that they need. */
  async introduce(user: ID, newcomer: EntityKey, log: GroupLog): Promise<void> {
    const { facebook } = this.#host;
    const to = facebook.protocol.parseID(newcomer);
    if (!(await readsEntries(facebook, to))) return this.project(user, to, log);
    const forwards = await newcomerForwards(facebook, this.#signer, log, user);
    await this.#send(user, to, forwards);
  }

  /** Sends the list of members to a deployed client. */
  async project(user: ID, to: ID, log: GroupLog): Promise<void> {
    const { state } = log;
    if (state === undefined || !log.isStaff(user.entity)) return;
    const { facebook } = this.#host;
    const { parseID } = facebook.protocol;
    const newest = [state.checkpoint, ...state.live].sort(compareEntries).at(-1);
    const draft = Reset.create(
      { members: state.members.map(parseID), projects: newest?.name ?? state.checkpoint.name },
      { group: log.id },
    );
    const time = Math.max(facebook.clock.now(), newest?.time ?? 0);
    const list = await this.#signer.sign({ sender: user, draft, time });
    const documents = await documentMessage(facebook, this.#signer, {
      entity: log.id,
      sender: user,
    });
    await this.#send(user, to, forwardsOf([...documents, list.wire]));
  }

  /**
   * Shows somebody who does not know it that they are no member: by the bulletin, which may have dismissed who added them, and by
   * what removes them. Not by the list of members, which is not theirs to know.
   */
  async tellRemoved(user: ID, member: ID, log: GroupLog): Promise<void> {
    const { facebook } = this.#host;
    if (log.state === undefined || log.isMember(member.entity)) return;
    if (!(await readsEntries(facebook, member))) return this.project(user, member, log);
    const removing = [...log.kept.values()].filter(({ entry }) => removes(entry, member.entity));
    const documents = await documentMessage(facebook, this.#signer, {
      entity: log.id,
      sender: user,
    });
    await this.give(user, member, [...documents, ...removing.map(({ message }) => message)]);
  }

  /** Sends messages to one member. */
  async give(user: ID, to: ID, messages: readonly JsonObject[]): Promise<void> {
    await this.#send(user, to, forwardsOf(messages));
  }

  /** Sends messages to all members whose programs read entries. */
  async #toMembers(
    user: ID,
    { after, entries, hasBulletin = false }: CarriedChange,
    members: readonly EntityKey[],
  ): Promise<void> {
    const { facebook } = this.#host;
    const documents = hasBulletin
      ? await documentMessage(facebook, this.#signer, { entity: after.id, sender: user })
      : [];
    const messages = [...documents, ...entries.map(({ message }) => message)];
    // What deployed clients understand is the same message for all.
    const isForAll = entries.every(({ entry }) => isForDeployed(entry.act.kind));
    const readers: ID[] = [];
    for (const each of members.map((member) => facebook.protocol.parseID(member))) {
      if (isForAll || (await readsEntries(facebook, each))) readers.push(each);
      else await this.project(user, each, after);
    }
    // One message for the whole group, unless somebody must not get it.
    if (readers.length === members.length && members.length > 0) {
      return this.#send(user, after.id, forwardsOf(messages));
    }
    for (const each of readers) await this.#send(user, each, forwardsOf(messages));
  }

  async #send(user: ID, to: ID, drafts: readonly Draft[]): Promise<void> {
    for (const draft of drafts) await this.#host.send(draft, to, { sender: user });
  }
}

/** Whether an entry says that somebody is no member any more. */
function removes({ act, issuer }: Entry, member: EntityKey): boolean {
  if (act.kind === 'quit') return issuer === member;
  return act.kind === 'remove' && act.members.includes(member);
}

function isForDeployed(kind: KeptEntry['entry']['act']['kind']): boolean {
  return kind === 'quit' || kind === 'resign' || kind === 'join' || kind === 'invite';
}
