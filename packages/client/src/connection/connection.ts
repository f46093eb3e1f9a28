import { type Handle, makeHandle, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from './station-contact.ts';

/**
 * Sends one message. Resolves when the transport has accepted it. If it rejects, the message is sent again later.
 *
 * @param bytes - one reliable message
 * @param receiver - the receiver in its envelope
 */
export type SendPackage = (bytes: Uint8Array, receiver: ID) => Promise<void>;

/** The connection to the network, which may be lost and replaced. */
export class Connection {
  readonly #permanent: SendPackage | undefined;
  /** Errors thrown while a connection was sending: the bytes may have reached the peer. */
  readonly #unsure = new WeakSet<object>();
  #connection: OpenConnection | undefined;
  #isExpected: boolean;

  constructor(send: SendPackage | undefined) {
    this.#permanent = send;
    this.#isExpected = send !== undefined;
  }

  /** Whether there is a connection, or was one and another is expected. */
  get isExpected(): boolean {
    return this.#isExpected;
  }

  /** Whether messages can be sent. */
  get isUp(): boolean {
    return this.#connection?.isOpen ?? this.#permanent !== undefined;
  }

  /** The station at the other end, if the peer is a station. */
  get contact(): StationContact | undefined {
    return this.#connection?.contact;
  }

  /**
   * Uses a connection from now on.
   *
   * @param send - resolves when the peer has the bytes
   * @param contact - the station at the other end: messages wait until it accepts them
   * @returns a handle that removes the connection, unless another one has replaced it; sends that are not acknowledged
   *   fail
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

  /** @throws `transport/closed` while there is no connection; the errors of the connection */
  async send(bytes: Uint8Array, receiver: ID): Promise<void> {
    if (this.#connection?.isOpen) await this.#connection.send(bytes);
    else if (this.#connection === undefined && this.#permanent !== undefined) {
      await this.#permanent(bytes, receiver);
    } else throw new ProtocolError('transport/closed', 'there is no connection');
  }

  /** Whether the peer may have the bytes although {@link send} has thrown this error. */
  mayHaveLeft(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#unsure.has(error);
  }
}

/** One connection, until it is closed or lost. */
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

  /** Rejects when the connection ends, even if the transport does not settle. */
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
      fail(new ProtocolError('transport/closed', 'the connection has ended'));
    }
  }
}
