import type { Connection, PayloadListener, Wire } from '../wires/wire.ts';

/** Who logs in: the number of a sender, of a receiver, or of somebody who does nothing. */
export interface Role {
  readonly kind: 'sender' | 'receiver' | 'idle';
  readonly number: number;
}

/** A server under load, in a process of its own. */
export interface Target extends AsyncDisposable {
  readonly name: string;
  readonly wire: Wire;
  readonly pid: number;
  /** Whether it delivers a message once only, so that none can be sent twice. */
  readonly unique: boolean;
  /** Whether it keeps messages of receivers who are not there. */
  readonly keeps: boolean;
  /** Milliseconds after which it has forgotten of idle connections what it can read again. */
  readonly forgetsAfter: number;
  /**
   * Connects and logs in.
   *
   * @param listen - is told of every payload, those that come while the login is under way included
   */
  login(role: Role, listen: PayloadListener): Promise<Connection>;
  /** How messages name a receiver. */
  nameOf(receiver: number): string;
  /** Lets it collect its garbage. @returns bytes in use, where it can tell */
  settle(): Promise<number | undefined>;
}

/** What a target is started with. */
export interface Place {
  /** A folder for its data. */
  readonly folder: string;
  /** Processor it is bound to; undefined to let the system choose. */
  readonly processor: number | undefined;
  /** More words for Node, if it runs in Node. */
  readonly nodeArgs: readonly string[];
}
