import type { Live } from '../live/live.ts';
import type { ChatsApi } from '../model/chats.ts';

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
  /** Makes all values unreadable until the passphrase is given. @throws `state/not-ready` without a passphrase */
  lock(): Promise<void>;
  /** @throws `crypto/passphrase` */
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

/** The people whom the user knows. */
export interface Contacts {
  readonly list: Live<readonly ContactSummary[]>;
  get(id: string): Promise<ContactSummary | undefined>;
  /**
   * Adds a contact.
   *
   * @param idOrLink - an ID, or a contact link
   * @throws `format/` codes; `identity/meta-mismatch` if the fingerprint of the link belongs to another key
   */
  add(idOrLink: string, options?: { readonly name?: string }): Promise<ContactSummary>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  block(id: string, on: boolean): Promise<void>;
  /** Makes a link that a person can follow to reach this user, with a token for one use within seven days by default. */
  link(options?: LinkOptions): Promise<string>;
  /** The number that both people compare: 60 digits in groups of five. */
  safetyNumber(id: string): Promise<string>;
  /** Notes that the user has compared the safety number, or scanned the code. */
  verify(id: string, how: 'number' | 'code'): Promise<void>;
  unverify(id: string): Promise<void>;
}

/** Options for {@link Contacts.link}. */
export interface LinkOptions {
  /** How often it can be used; 1 by default; 0 for a public link without a token. */
  readonly uses?: number;
  /** Days; 7 by default. */
  readonly days?: number;
}

/** A contact. */
export interface ContactSummary {
  readonly id: string;
  /** The user's name for them, else the name they gave themselves, else the short form of the ID. */
  readonly name: string;
  /** 22 characters; absent until the meta is known. */
  readonly fingerprint?: string;
  readonly verified?: { readonly how: 'number' | 'code'; readonly time: number };
  readonly blocked: boolean;
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
  /** Milliseconds since the epoch. */
  readonly since: number;
}
