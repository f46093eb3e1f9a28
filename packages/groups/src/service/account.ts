import type { Facebook } from '@dimp/endpoint';
import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** The user whose groups these are. */
export class Account {
  readonly #facebook: Facebook;
  readonly #chosen: ID | undefined;

  constructor(facebook: Facebook, chosen: ID | undefined) {
    this.#facebook = facebook;
    this.#chosen = chosen;
  }

  async find(): Promise<ID | undefined> {
    return this.#chosen ?? (await this.#facebook.currentUser())?.id;
  }

  /** @throws `identity/not-found` while there is none */
  async require(): Promise<ID> {
    const user = await this.find();
    if (user === undefined) {
      throw new ProtocolError('identity/not-found', 'this machine has no user yet');
    }
    return user;
  }
}
