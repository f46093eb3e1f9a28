import type { EntityKey, ID } from '@dimp/mkm';
import { Mailbox } from './mailbox.ts';

/** Most messages that the mailboxes in memory stand for together, before those used longest ago are forgotten. */
const MAX_WEIGHT = 1_000_000;

/** What {@link Mailboxes} are made with. */
export interface MailboxesOptions {
  /** Reads what is on the disk. */
  readonly load: (mailbox: Mailbox) => Promise<void>;
  /** Told of each mailbox that is not in memory any more. */
  readonly forgotten: (mailbox: Mailbox) => void;
}

/** Mailboxes of the receivers who have traffic. */
export class Mailboxes {
  readonly #options: MailboxesOptions;
  readonly #loaded = new Map<EntityKey, Mailbox>();
  readonly #loading = new Map<EntityKey, Promise<Mailbox>>();
  /** What each weighed when it was last looked at. */
  readonly #weights = new Map<EntityKey, number>();
  #weight = 0;

  constructor(options: MailboxesOptions) {
    this.#options = options;
  }

  /** The mailbox of a receiver if it is in memory. */
  peek(entity: EntityKey): Mailbox | undefined {
    const mailbox = this.#loaded.get(entity);
    if (mailbox === undefined) return undefined;
    this.#loaded.delete(entity);
    this.#loaded.set(entity, mailbox);
    return mailbox;
  }

  /**
   * The mailbox of a receiver, in use until `users` is lowered again.
   *
   * @throws `store/` codes if it could not be read
   */
  async open(receiver: ID): Promise<Mailbox> {
    const { entity } = receiver;
    const mailbox = this.peek(entity) ?? (await this.#opening(receiver));
    const current = this.#loaded.get(entity);
    // Between the reading and now it may have been forgotten, and read again by somebody else.
    if (current !== undefined && current !== mailbox) return this.open(receiver);
    this.#loaded.set(entity, mailbox);
    mailbox.users += 1;
    return mailbox;
  }

  /** Ends a use; forgets others if there are too many. */
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
