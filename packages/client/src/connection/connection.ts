import { type Handle, makeHandle, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from './station-contact.ts';

/**
 * Hands one message to the network. Resolves when the transport has taken it, rejects when it could not; then the message
 * is handed over again later.
 *
 * @param bytes - one reliable message
 * @param receiver - whom it is for, as its envelope says
 */
export type SendPackage = (bytes: Uint8Array, receiver: ID) => Promise<void>;

/** The way to the network, which comes and goes. */
export class Connection {
  readonly #permanent: SendPackage | undefined;
  /** What was thrown while a connection was sending: nobody knows how far the bytes have got. */
  readonly #unsure = new WeakSet<object>();
  #connection: OpenConnection | undefined;
  #isExpected: boolean;

  constructor(send: SendPackage | undefined) {
    this.#permanent = send;
    this.#isExpected = send !== undefined;
  }

  /** Whether there is a connection, or was one and another one is to be expected. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  /** Whether messages may leave. */
  get isUp(): boolean {
    return this.#connection?.isOpen ?? this.#permanent !== undefined;
  }

  /** The station at the other end, if it is one. */
  get contact(): StationContact | undefined {
    return this.#connection?.contact;
  }

  /**
   * Sends over a connection from now on.
   *
   * @param send - resolves when the peer has the bytes
   * @param contact - who is at the other end: messages wait until he takes them
   * @returns a handle that takes the link down again, if no other has replaced it; what is not acknowledged then has failed
   */
  up(send: (bytes: Uint8Array) => Promise<void>, contact?: StationContact): Handle {
    const connection = new OpenConnection(send, contact, this.#unsure);
    this.#connection = connection;
    this.#isExpected = true;
    return makeHandle(() => {
      connection.end();
      if (this.#connection === connection) this.#connection = undefined;
    });
  }

  /** @throws `transport/closed` while there is no link, and what the link throws */
  async send(bytes: Uint8Array, receiver: ID): Promise<void> {
    if (this.#connection?.isOpen) await this.#connection.send(bytes);
    else if (this.#connection === undefined && this.#permanent !== undefined) {
      await this.#permanent(bytes, receiver);
    } else throw new ProtocolError('transport/closed', 'there is no connection');
  }

  /** Whether what {@link send} has thrown leaves it open whether the peer has got the bytes. */
  mayHaveLeft(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#unsure.has(error);
  }
}

/** A connection that lasts until it is closed or lost. */
class OpenConnection {
  readonly contact: StationContact | undefined;
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  readonly #unsure: WeakSet<object>;
  readonly #sending = new Set<(error: unknown) => void>();
  #ended = false;

  constructor(
    send: (bytes: Uint8Array) => Promise<void>,
    contact: StationContact | undefined,
    unsure: WeakSet<object>,
  ) {
    this.#send = send;
    this.contact = contact;
    this.#unsure = unsure;
  }

  get isOpen(): boolean {
    return !this.#ended && (this.contact?.isOpen ?? true);
  }

  /** Ends with the connection, whatever the transport does. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.#sending.delete(fail);
        if (typeof error === 'object' && error !== null) this.#unsure.add(error);
        reject(error);
      };
      this.#sending.add(fail);
      this.#send(bytes).then(() => {
        this.#sending.delete(fail);
        resolve();
      }, fail);
    });
  }

  end(): void {
    this.#ended = true;
    for (const fail of [...this.#sending]) {
      fail(new ProtocolError('transport/closed', 'connection has ended'));
    }
  }
}
