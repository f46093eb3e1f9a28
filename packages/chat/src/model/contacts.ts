import type { Live } from '../live/live.ts';

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
  /** The links with a token that can still be used. */
  links(): Promise<readonly LinkSummary[]>;
  /** Makes a link useless. @param id - of its summary */
  revokeLink(id: string): Promise<void>;
  /** The number that both people compare: 60 digits in groups of five. @throws `identity/not-found` without the key of the contact */
  safetyNumber(id: string): Promise<string>;
  /**
   * The text of a QR code for a contact, who scans it with their program and so verifies this user.
   *
   * @throws `identity/not-found` without the key of the contact
   */
  verificationCode(id: string): Promise<string>;
  /**
   * Notes that a contact is verified: the people have compared the safety number, or this user has scanned the contact's code.
   *
   * @throws `identity/not-found` without the key of the contact; `identity/meta-mismatch` for a code with another ID or key than is
   *   known here; `format/field` for a text that is not a code
   */
  verify(id: string, proof: 'number' | { readonly code: string }): Promise<void>;
  unverify(id: string): Promise<void>;
}

/** Options for {@link Contacts.link}. */
export interface LinkOptions {
  /**
   * How often it can be used; 1 by default, at most 100; 0 for a public link without a token. Whoever follows a link for one use is
   * accepted at once; others send a request.
   */
  readonly uses?: number;
  /** Days; 7 by default, at most 365. */
  readonly days?: number;
  /** Name to show to the person who follows it; the user's own by default, none if it is empty. */
  readonly name?: string;
}

/** A link with a token. */
export interface LinkSummary {
  /** Name of the link on this device; not its token. */
  readonly id: string;
  readonly uses: number;
  /** How often it can still be used. */
  readonly left: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
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
