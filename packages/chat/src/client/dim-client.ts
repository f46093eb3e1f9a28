import type { Live } from '../live/live.ts';
import type { ChatsApi } from '../model/chats.ts';
import type { Contacts } from '../model/contacts.ts';

/**
 * A messenger as user interfaces see it, in this thread, in a worker, or in another program. Everything it returns is plain
 * data, a live value, or a handle.
 */
export interface DimClient {
  readonly me: Live<Me>;
  readonly session: Live<SessionState>;
  readonly chats: ChatsApi;
  readonly contacts: Contacts;
  readonly storage: Live<StorageState>;
  /** What needs the user's attention. */
  readonly problems: Live<readonly Problem[]>;
  /**
   * Closes the store and forgets its key. Until the passphrase is given, live values are undefined, except {@link me}, and everything
   * else rejects with `state/locked`. Handles and iterations of before must be opened again.
   *
   * @throws `state/not-ready` for a store without a passphrase
   */
  lock(): Promise<void>;
  /** @throws `crypto/passphrase`; `state/not-ready` for a store without a passphrase */
  unlock(passphrase: string): Promise<void>;
  close(): Promise<void>;
}

/** The user of this device. */
export interface Me {
  readonly id: string;
  readonly name: string;
  /** 22 characters, see `fingerprint`. */
  readonly fingerprint: string;
  readonly locked: boolean;
}

/** State of the connection to the station. */
export interface SessionState {
  readonly state: 'offline' | 'connecting' | 'online' | 'stalled';
  /** Address of the station. */
  readonly station?: string;
  /** Code of the last error. */
  readonly error?: string;
  /** When the next attempt is made, in milliseconds since the epoch. */
  readonly nextAttempt?: number;
  /** Outgoing messages that are not at a station yet. */
  readonly waiting: number;
}

/** What the store uses. */
export interface StorageState {
  /** Bytes. */
  readonly used?: number;
  /** Bytes. */
  readonly quota?: number;
  /** Whether the platform promises to keep it. */
  readonly persisted?: boolean;
}

/** Something that needs the user's attention. */
export interface Problem {
  /** An error code. */
  readonly code: string;
  readonly message: string;
  /** The contact whom it is about. */
  readonly id?: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
