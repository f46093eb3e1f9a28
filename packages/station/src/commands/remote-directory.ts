import type { ID } from '@dimp/mkm';

/** A directory of other stations, for users that this station does not know. */
export interface RemoteDirectory {
  /**
   * Asks the other stations. What they answer is stored before the promise resolves.
   *
   * @param asker - the neighbour that has asked, and is not asked itself
   * @returns whether it has arrived; undefined if no station can be asked now
   */
  find(what: 'meta' | 'documents', did: ID, asker: ID | undefined): Promise<boolean> | undefined;
}
