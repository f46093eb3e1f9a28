import { Barrack, type LocalIdentity, type Protocol } from '@dimp/core';
import { MemoryArchive } from '@dimp/core/memory';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { ID, Meta } from '@dimp/mkm';

/** Where what was verified earlier comes from: a profile. */
export interface KnownEntities {
  meta(id: ID): Promise<JsonObject | undefined>;
  documents(id: ID): Promise<readonly JsonObject[]>;
  members(group: ID): Promise<readonly ID[]>;
  /** Users of this machine; empty if nothing is to be decrypted. */
  identities(): Promise<readonly LocalIdentity[]>;
}

/** What an inspection may use. */
export interface InspectionContext {
  readonly protocol: Protocol;
  /** Clock, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly known: KnownEntities;
  /** Metas that were handed in; which ID each belongs to shows when one fits. */
  readonly metas: readonly JsonObject[];
}

/** Nothing is known. */
export const nothingKnown: KnownEntities = {
  meta: async () => undefined,
  documents: async () => [],
  members: async () => [],
  identities: async () => [],
};

/**
 * A barrack in memory with what is known of some entities: an inspection learns nothing for good, and changes no profile.
 */
export async function barrackOf(
  context: InspectionContext,
  ids: readonly ID[],
): Promise<{ readonly barrack: Barrack; readonly archive: MemoryArchive }> {
  const { protocol, now, known, metas } = context;
  const archive = new MemoryArchive();
  const barrack = new Barrack(protocol, archive, { clock: { now } });
  for (const identity of await known.identities()) archive.addIdentity(identity);
  for (const id of ids) {
    if (id.isBroadcast) continue;
    const meta = await known.meta(id);
    if (meta !== undefined) archive.addMeta(id.entity, meta);
    else await handedIn(barrack, metas, id);
    const documents = await known.documents(id);
    archive.changeDocuments(id.entity, () => documents);
    if (!id.isGroup) continue;
    const members = await known.members(id);
    if (members.length > 0)
      archive.setMembers(
        id.entity,
        members.map(({ text }) => text),
      );
  }
  return { barrack, archive };
}

/** Keeps the meta that was handed in for an ID, if one was. */
async function handedIn(
  barrack: Barrack,
  metas: readonly JsonObject[],
  id: ID,
): Promise<Meta | undefined> {
  for (const wire of metas) {
    try {
      await barrack.saveMeta(wire, id);
      return await barrack.meta(id);
    } catch (error) {
      // That of somebody else.
      if (!isProtocolError(error)) throw error;
    }
  }
  return undefined;
}
