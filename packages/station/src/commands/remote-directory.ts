import type { ID } from '@dimp/mkm';

/** Others who may know whom this station does not know. */
export interface RemoteDirectory {
  /**
   * Asks them. What they tell is kept before this tells of it.
   *
   * @param asker - the neighbour who wants to know, and is not asked himself
   * @returns whether it has come; undefined if there is nobody to ask now
   */
  find(what: 'meta' | 'documents', did: ID, asker: ID | undefined): Promise<boolean> | undefined;
}
