import type { DecryptKey, Signer } from '@dimp/crypto';
import type { JsonObject, MaybePromise } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';

/** The private keys of a local user. Each of them may be remote. */
export interface LocalIdentity {
  readonly id: ID;
  /** Identity key: signs messages, metas and documents. */
  readonly signer: Signer;
  /** Keys that decrypt message keys, newest first; includes the identity key if it can decrypt. */
  readonly decryptKeys: readonly DecryptKey[];
}

/**
 * Storage of a barrack. It holds verified data only and checks nothing itself.
 */
export interface Archive {
  meta(entity: EntityKey): MaybePromise<JsonObject | undefined>;
  /** Stores a meta unless one is stored already: metas never change (spec §6.4). @returns whether it was stored */
  addMeta(entity: EntityKey, meta: JsonObject): MaybePromise<boolean>;
  documents(entity: EntityKey): MaybePromise<readonly JsonObject[]>;
  /**
   * Reads the documents, passes them to `change` and writes the result, under a lock over all users of this archive and all
   * tabs. So an older document never replaces a newer one.
   *
   * @param change - returns the new list, or undefined to leave it unchanged. If it throws, nothing is written
   */
  changeDocuments(
    entity: EntityKey,
    change: (stored: readonly JsonObject[]) => readonly JsonObject[] | undefined,
  ): MaybePromise<void>;
  /** IDs of a group's members as texts, the owner first. */
  members(group: EntityKey): MaybePromise<readonly string[]>;
  /** Groups whose members are stored. Absent if the archive cannot list them. */
  groups?(): MaybePromise<readonly EntityKey[]>;
  setMembers(group: EntityKey, members: readonly string[]): MaybePromise<void>;
  contacts(user: EntityKey): MaybePromise<readonly string[]>;
  /** Local users, the current one first. */
  localIdentities(): MaybePromise<readonly LocalIdentity[]>;
}
