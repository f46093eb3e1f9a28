import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/**
 * Hands one message to the network. Resolves when the transport has taken it, rejects when it could not; then the message
 * is handed over again later.
 *
 * @param bytes - one reliable message
 * @param receiver - whom it is for, as its envelope says
 */
export type SendPackage = (bytes: Uint8Array, receiver: ID) => Promise<void>;

/** The way to the network, which comes and goes. */
export class Link {
  #send: SendPackage | undefined;
  #wasUp: boolean;

  constructor(send: SendPackage | undefined) {
    this.#send = send;
    this.#wasUp = send !== undefined;
  }

  /** Whether there is a link, or was one: then another one is to be expected. */
  get wasUp(): boolean {
    return this.#wasUp;
  }

  get isUp(): boolean {
    return this.#send !== undefined;
  }

  /** @returns a handle that takes the link down again, if no other has replaced it */
  up(send: SendPackage): Disposable {
    this.#send = send;
    this.#wasUp = true;
    return {
      [Symbol.dispose]: () => {
        if (this.#send === send) this.#send = undefined;
      },
    };
  }

  /** @throws `transport/closed` while there is no link, and what the link throws */
  async send(bytes: Uint8Array, receiver: ID): Promise<void> {
    if (this.#send === undefined) {
      throw new ProtocolError('transport/closed', 'there is no connection');
    }
    await this.#send(bytes, receiver);
  }
}
