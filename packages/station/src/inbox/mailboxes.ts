import type { EntityKey, ID } from '@dimp/mkm';
import { Mailbox } from './mailbox.ts';

/** Most messages of all mailboxes in memory; beyond it the least recently used mailboxes are dropped. */
const MAX_WEIGHT = 1_000_000;

/** Options for {@link Mailboxes}. */
export interface MailboxesOptions {
  /** Loads the state of a mailbox from the disk. */
  readonly load: (mailbox: Mailbox) => Promise<void>;
  /** Called for each mailbox that is dropped from memory. */
  readonly forgotten: (mailbox: Mailbox) => void;
}

/** The mailboxes in memory: those of receivers with traffic. */
export class Mailboxes {
  readonly #options: MailboxesOptions;
  readonly #loaded = new Map<EntityKey, Mailbox>();
  readonly #loading = new Map<EntityKey, Promise<Mailbox>>();
  /** Weight of each mailbox when it was last closed. */
  readonly #weights = new Map<EntityKey, number>();
  #weight = 0;

  constructor(options: MailboxesOptions) {
    this.#options = options;
  }

  /** Returns the mailbox of a receiver if it is in memory. */
  peek(entity: EntityKey): Mailbox | undefined {
    const mailbox = this.#loaded.get(entity);
    if (mailbox === undefined) return undefined;
    this.#loaded.delete(entity);
    this.#loaded.set(entity, mailbox);
    return mailbox;
  }

  /**
   * Returns the mailbox of a receiver, in use until {@link Mailboxes.close}.
   *
   * @throws `store/` codes if it could not be read
   */
  async open(receiver: ID): Promise<Mailbox> {
    const { entity } = receiver;
    const mailbox = this.peek(entity) ?? (await this.#opening(receiver));
    const current = this.#loaded.get(entity);
    // It may have been dropped and loaded again meanwhile.
    if (current !== undefined && current !== mailbox) return this.open(receiver);
    this.#loaded.set(entity, mailbox);
    mailbox.users += 1;
    return mailbox;
  }

  /** Ends a use, and drops unused mailboxes if there are too many. */
  close(mailbox: Mailbox): void {
    mailbox.users -= 1;
    const { entity } = mailbox;
    if (this.#loaded.get(entity) !== mailbox) return;
    this.#weight += mailbox.weight - (this.#weights.get(entity) ?? 0);
    this.#weights.set(entity, mailbox.weight);
    if (this.#weight <= MAX_WEIGHT) return;
    for (const each of this.#loaded.values()) {
      if (each.users > 0) continue;
      this.#forget(each);
      if (this.#weight <= MAX_WEIGHT) return;
    }
  }

  #opening(receiver: ID): Promise<Mailbox> {
    const { entity } = receiver;
    let loading = this.#loading.get(entity);
    if (loading === undefined) {
      loading = this.#read(new Mailbox(receiver)).finally(() => this.#loading.delete(entity));
      this.#loading.set(entity, loading);
    }
    return loading;
  }

  async #read(mailbox: Mailbox): Promise<Mailbox> {
    await this.#options.load(mailbox);
    this.#loaded.set(mailbox.entity, mailbox);
    return mailbox;
  }

  #forget(mailbox: Mailbox): void {
    const { entity } = mailbox;
    this.#options.forgotten(mailbox);
    this.#loaded.delete(entity);
    this.#weight -= this.#weights.get(entity) ?? 0;
    this.#weights.delete(entity);
  }
}
