/** A contact as it is stored. */
export interface ContactRecord {
  readonly id: string;
  /** The name that the user has given to this contact. */
  readonly remark?: string;
}

/** What is known about the keys of a person. */
export interface KnownKeys {
  /** Algorithm of the key in the meta; absent while the meta is not known. */
  readonly algorithm?: string;
  readonly hasVisa: boolean;
  /** Seconds since the epoch. */
  readonly visaTime?: number;
}

/** Where contacts and names come from: the store of the profile, or the process that has it open. IDs are text. */
export interface PeopleSource {
  contacts(): Promise<readonly ContactRecord[]>;
  /** The people with whom messages were exchanged, the most recent first. */
  correspondents(): Promise<readonly string[]>;
  /** The name in the visa or bulletin. */
  nickname(id: string): Promise<string | undefined>;
  keys(id: string): Promise<KnownKeys>;
  /** Records a message from or to a person. */
  note(id: string): Promise<void>;
  /** Adds a contact or changes its remark. */
  addContact(id: string, remark: string | undefined): Promise<void>;
  removeContact(id: string): Promise<void>;
  /** Calls a listener when contacts have changed. */
  onContacts(listener: () => void): void;
}
