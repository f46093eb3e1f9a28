import { Barrack, type BarrackOptions, type Protocol, type Store } from '@dimp/core';
import type { DecryptKey, Signer } from '@dimp/crypto';
import type { ID, User } from '@dimp/mkm';
import { StoreArchive } from './store-archive.ts';

/** What a facebook is made with. */
export interface FacebookOptions<P extends Protocol> extends BarrackOptions {
  readonly protocol: P;
  /** Where identities, metas, documents, members and contacts are kept. */
  readonly store: Store;
}

/**
 * A barrack over storage: private keys, metas, documents, members and contacts last as long as the store does.
 *
 * @example
 * ```ts
 * const facebook = new Facebook({ protocol: createProtocol(standard()), store: memoryStore() });
 * const moki = await register('moki', { facebook });
 * ```
 */
export class Facebook<P extends Protocol = Protocol> extends Barrack {
  declare readonly protocol: P;
  declare protected readonly archive: StoreArchive;

  constructor({ protocol, store, ...options }: FacebookOptions<P>) {
    super(protocol, new StoreArchive(protocol, store), options);
  }

  /**
   * Saves the private keys of a user of this machine. A key that cannot be exported is kept in memory only.
   *
   * @param decryptKeys - keys that open message keys, newest first; the identity key is added if it can decrypt
   */
  async savePrivateKeys(
    id: ID,
    signer: Signer,
    decryptKeys: readonly DecryptKey[] = [],
  ): Promise<void> {
    await this.archive.addIdentity(id, signer, decryptKeys);
  }

  /** Users of this machine; the first one is the current user. */
  async localUsers(): Promise<readonly User[]> {
    const identities = await this.localIdentities();
    return identities.map(({ id }) => this.user(id)).filter((user) => user !== undefined);
  }

  /** The user who sends when nobody else is named: the first one registered. */
  async currentUser(): Promise<User | undefined> {
    return (await this.localUsers())[0];
  }

  /** Replaces the contact list of a user. */
  async saveContacts(user: ID, contacts: readonly ID[]): Promise<void> {
    await this.archive.setContacts(
      user.entity,
      contacts.map((contact) => contact.text),
    );
  }
}
