import type { Connection, PayloadListener, Wire } from '../wires/wire.ts';

/** Role of a connection: a numbered sender or receiver, or an idle user. */
export interface Role {
  readonly kind: 'sender' | 'receiver' | 'idle';
  readonly number: number;
}

/** A server under load, in a separate process. */
export interface Target extends AsyncDisposable {
  readonly name: string;
  readonly wire: Wire;
  readonly pid: number;
  /** Whether it delivers a message only once, so that each round needs new messages. */
  readonly unique: boolean;
  /** Whether it stores messages for absent receivers. */
  readonly keeps: boolean;
  /** Time after which it has released the memory of idle connections, in milliseconds. */
  readonly forgetsAfter: number;
  /**
   * Connects and logs in.
   *
   * @param listen - called with every payload, also during the login
   */
  login(role: Role, listen: PayloadListener): Promise<Connection>;
  /** How messages address a receiver. */
  nameOf(receiver: number): string;
  /** Collects garbage. @returns bytes in use, or undefined if it cannot tell */
  settle(): Promise<number | undefined>;
}

/** Options for starting a target. */
export interface Place {
  /** Folder for its data. */
  readonly folder: string;
  /** Processor to run on; undefined lets the system choose. */
  readonly processor: number | undefined;
  /** More arguments for Node, if it runs in Node. */
  readonly nodeArgs: readonly string[];
}
