import type { DecryptKey, Signer } from '@dimp/crypto';
import type { JsonObject, MaybePromise } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';

/** The private keys of a user on this machine; each of them may be remote. */
export interface LocalIdentity {
  readonly id: ID;
  /** Identity key: signs messages, metas and documents. */
  readonly signer: Signer;
  /** Keys that open message keys, newest first; the identity key too if it can decrypt. */
  readonly decryptKeys: readonly DecryptKey[];
}

/**
 * Where a barrack keeps what it has verified. It stores and finds, and judges nothing: whatever is saved here has passed
 * the barrack's checks.
 */
export interface Archive {
  meta(entity: EntityKey): MaybePromise<JsonObject | undefined>;
  /** Metas never change: the first one wins (spec §6.4). Returns false if there is one already. */
  addMeta(entity: EntityKey, meta: JsonObject): MaybePromise<boolean>;
  documents(entity: EntityKey): MaybePromise<readonly JsonObject[]>;
  /**
   * Reads the documents, lets the barrack judge them, and writes what it answers; nobody else who uses this archive, in
   * another tab either, changes them meanwhile. So nothing older ever takes the place of something newer.
   *
   * @param change - what the list becomes; undefined leaves it as it is. What it throws is thrown, and nothing is written
   */
  changeDocuments(
    entity: EntityKey,
    change: (stored: readonly JsonObject[]) => readonly JsonObject[] | undefined,
  ): MaybePromise<void>;
  /** IDs of a group's members as text, the owner first. */
  members(group: EntityKey): MaybePromise<readonly string[]>;
  /** Groups whose members are known; archives that cannot list them leave this out. */
  groups?(): MaybePromise<readonly EntityKey[]>;
  setMembers(group: EntityKey, members: readonly string[]): MaybePromise<void>;
  contacts(user: EntityKey): MaybePromise<readonly string[]>;
  /** Users of this machine, the current one first. */
  localIdentities(): MaybePromise<readonly LocalIdentity[]>;
}
