import { type Archive, Barrack, type LocalIdentity, type Protocol } from '@dimp/core';
import { MemoryArchive } from '@dimp/core/memory';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';

/** Verified metas, documents and members, usually from a profile. */
export interface KnownEntities {
  meta(id: ID): Promise<JsonObject | undefined>;
  documents(id: ID): Promise<readonly JsonObject[]>;
  members(group: ID): Promise<readonly ID[]>;
  /** Users whose messages are to be decrypted; empty for none. */
  identities(): Promise<readonly LocalIdentity[]>;
}

/** What an inspection uses. */
export interface InspectionContext {
  readonly protocol: Protocol;
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number;
  readonly known: KnownEntities;
  /** Metas given by the user. Each is tried for every ID. */
  readonly metas: readonly JsonObject[];
}

/** Knows nothing. */
export const nothingKnown: KnownEntities = {
  meta: async () => undefined,
  documents: async () => [],
  members: async () => [],
  identities: async () => [],
};

/**
 * Creates a barrack for one inspection. Stores what it learns in memory only, so that the profile does not change.
 *
 * @param more - identities in addition to those of the profile
 */
export function barrackOf(
  context: InspectionContext,
  more: readonly LocalIdentity[] = [],
): Barrack {
  const archive = new KnownArchive(context, more);
  return new Barrack(context.protocol, archive, { clock: { now: context.now } });
}

/** An archive that reads from the profile on demand, and keeps what this inspection learns in memory. */
class KnownArchive implements Archive {
  readonly #context: InspectionContext;
  readonly #more: readonly LocalIdentity[];
  readonly #learnt = new MemoryArchive();
  readonly #changed = new Set<EntityKey>();

  constructor(context: InspectionContext, more: readonly LocalIdentity[]) {
    this.#context = context;
    this.#more = more;
  }

  async meta(entity: EntityKey): Promise<JsonObject | undefined> {
    const id = this.#context.protocol.parseID(entity);
    const known = this.#learnt.meta(entity) ?? (await this.#context.known.meta(id));
    return known ?? this.#handedIn(id);
  }

  async addMeta(entity: EntityKey, meta: JsonObject): Promise<boolean> {
    return (await this.meta(entity)) === undefined && this.#learnt.addMeta(entity, meta);
  }

  async documents(entity: EntityKey): Promise<readonly JsonObject[]> {
    if (this.#changed.has(entity)) return this.#learnt.documents(entity);
    return this.#context.known.documents(this.#context.protocol.parseID(entity));
  }

  async changeDocuments(
    entity: EntityKey,
    change: (stored: readonly JsonObject[]) => readonly JsonObject[] | undefined,
  ): Promise<void> {
    const documents = change(await this.documents(entity));
    if (documents === undefined) return;
    this.#changed.add(entity);
    this.#learnt.changeDocuments(entity, () => documents);
  }

  async members(group: EntityKey): Promise<readonly string[]> {
    const members = await this.#context.known.members(this.#context.protocol.parseID(group));
    return members.map(({ text }) => text);
  }

  setMembers(): void {
    throw new TypeError('an inspection cannot change groups');
  }

  contacts(): readonly string[] {
    return [];
  }

  async localIdentities(): Promise<readonly LocalIdentity[]> {
    return [...(await this.#context.known.identities()), ...this.#more];
  }

  /** The given meta that belongs to an ID, if there is one. */
  async #handedIn(id: ID): Promise<JsonObject | undefined> {
    const { metas, protocol } = this.#context;
    for (const wire of metas) {
      try {
        await protocol.metas.check(protocol.metas.parse(wire), id);
        return wire;
      } catch (error) {
        // It belongs to another ID.
        if (!isProtocolError(error)) throw error;
      }
    }
    return undefined;
  }
}
