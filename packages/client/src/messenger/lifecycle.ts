import type { Timers } from '@dimp/core';
import type { Facebook, StoredKeyOwners } from '@dimp/endpoint';
import { disposeSymbol, type Events, type Handle } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Acceptance } from '../inbox/acceptance.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { InboxItem } from '../inbox/inbox-store.ts';
import type { Receipts } from '../inbox/receipts.ts';
import type { Receiver } from '../inbox/receiver.ts';
import type { ReplayMemory } from '../inbox/replay-memory.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Services } from '../services/services.ts';
import type { Background } from './background.ts';
import { claim } from './claim.ts';
import type { MessengerEvents } from './events.ts';
import type { Replies } from './replies.ts';
import { TabLeader } from './tab-leader.ts';

/** Options for {@link Lifecycle}. */
export interface LifecycleOptions {
  readonly facebook: Facebook;
  readonly outbox: Outbox;
  readonly replies: Replies;
  readonly receiver: Receiver;
  readonly inbox: Inbox;
  readonly acceptance: Acceptance;
  readonly memory: ReplayMemory;
  readonly receipts: Receipts;
  readonly services: Services;
  readonly keyOwners: StoredKeyOwners;
  /** How long a deferred message may wait. */
  readonly retentionMs: number;
  readonly background: Background;
  readonly timers: Timers;
  readonly events: Events<MessengerEvents>;
  /** Name of this messenger among those on the same store. */
  readonly owner: string;
}

/** Interval of {@link Lifecycle}'s maintenance: as often as questions may be asked (spec §11.4). */
const TEND_INTERVAL_MS = 600_000;
/** How often names of old messages are forgotten. */
const PURGE_INTERVAL_MS = 6 * 60 * 60_000;

/** Owns background work: timers, restart recovery, tab takeover. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #listening: Handle[] = [];
  readonly #tabLeader: TabLeader | undefined;
  #timer: Disposable | undefined;
  #started: Promise<void> | undefined;
  #claim: Handle | undefined;
  #lastPurge = 0;
  #leads = false;
  #stopped = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    const { facebook, owner, outbox, background } = options;
    const { sharing } = facebook.store;
    if (sharing === undefined) return;
    this.#tabLeader = new TabLeader(sharing, owner, {
      lead: () => this.#takeOver(),
      inherit: (gone) => this.#handlePending((each) => each === gone),
      outboxChanged: (id) => outbox.refresh(id),
      anyOutboxChanged: () => outbox.refreshAll(),
      run: (task) => background.run(task),
    });
  }

  /** Resumes work left over from the previous run: undelivered outgoing messages and unprocessed incoming ones. */
  start(): Promise<void> {
    this.#started ??= this.#start().catch((error: unknown) => {
      // The next attempt may succeed.
      this.#started = undefined;
      this.#stopListening();
      this.#claim?.close();
      throw error;
    });
    return this.#started;
  }

  /** Whether this messenger is the one that sends: alone on its store, or of several tabs the one that leads. */
  get leads(): boolean {
    return this.#leads && !this.#stopped;
  }

  /** Sends the receipts that are owed to a peer whom the user accepts now. */
  accepted(peer: ID): void {
    const { receipts, replies, background } = this.#options;
    void background.run(async () => replies.sendAll(await receipts.payOwed(peer.entity)));
  }

  /** The connection is back. */
  resume(): void {
    const { outbox, receiver, receipts, replies, background, events } = this.#options;
    events.emit('resumed', {});
    void background.run(async () => {
      await outbox.resume();
      await replies.send(await receiver.tend(this.#oldest()));
      await replies.sendAll(await receipts.payOwed());
      await receiver.askAgain();
    });
  }

  /** Resolves when nothing is left to do for now. */
  async idle(): Promise<void> {
    const { receiver, inbox, outbox, background } = this.#options;
    do {
      await receiver.idle();
      await inbox.idle();
      await background.idle();
      await outbox.idle();
    } while (background.busy);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const { receiver, inbox, outbox, background, services } = this.#options;
    this.#stopListening();
    background.stop();
    receiver.stop();
    inbox.stop();
    outbox.stop();
    this.#tabLeader?.stop();
    await this.#started?.catch(() => undefined);
    await receiver.idle();
    await outbox.idle();
    await services.stop();
    this.#claim?.close();
  }

  async #start(): Promise<void> {
    const { facebook, background, receipts, replies, services } = this.#options;
    this.#claim = claim(facebook.store);
    await services.start();
    const arrived = ({ id }: { readonly id: ID }): void => {
      void background.run(() => this.#release(id.entity));
    };
    for (const kind of ['metaSaved', 'documentSaved', 'membersSaved'] as const) {
      this.#listening.push(facebook.events.on(kind, arrived));
    }
    const { acceptance } = this.#options;
    const contactsChanged = (): void => {
      acceptance.forgetContacts();
      void background.run(async () => replies.sendAll(await receipts.payOwed()));
    };
    this.#listening.push(facebook.events.on('contactsChanged', contactsChanged));
    // Also reported alone if anything may have changed.
    this.#listening.push(facebook.events.on('usersChanged', () => acceptance.forgetContacts()));
    acceptance.forgetContacts();
    this.#scheduleTend();
    await this.#purge();
    if (this.#tabLeader === undefined) {
      await this.#lead();
      await this.#handlePending(() => true);
      await background.run(() => this.#restore());
    } else {
      this.#tabLeader.start();
    }
  }

  #stopListening(): void {
    for (const each of this.#listening.splice(0)) each.close();
    this.#timer?.[disposeSymbol]();
  }

  async #lead(): Promise<void> {
    const { outbox, events, inbox } = this.#options;
    await outbox.lead();
    for await (const { owner } of inbox.pending()) this.#tabLeader?.inheritFrom(owner);
    this.#leads = true;
    events.emit('leading', {});
  }

  /** This tab leads from now on, and so owns the deferred messages of all tabs. */
  async #takeOver(): Promise<void> {
    await this.#lead();
    await this.#restore();
  }

  async #restore(): Promise<void> {
    const { receiver, receipts, replies, background } = this.#options;
    const restored = await receiver.restore(this.#oldest());
    void background.run(async () => {
      await replies.send(restored);
      await replies.sendAll(await receipts.payOwed());
    });
  }

  /** Runs the handlers for messages that were accepted and not finished. */
  async #handlePending(mine: (owner: string) => boolean): Promise<void> {
    const { inbox, replies, background } = this.#options;
    const items: InboxItem[] = [];
    for await (const item of inbox.pending()) if (mine(item.owner)) items.push(item);
    for (const item of items) {
      const handled = inbox.handle(item);
      void background.run(() => replies.send({ answers: [], handled: [handled] }));
    }
  }

  /** A meta, a document or a member list has arrived. */
  async #release(entity: EntityKey): Promise<void> {
    const { outbox, receiver, replies, receipts } = this.#options;
    await outbox.release(entity);
    await replies.send(await receiver.release(entity));
    await replies.sendAll(await receipts.payOwed(entity));
    await replies.release(entity);
  }

  #scheduleTend(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.timers.after(TEND_INTERVAL_MS, async () => {
      this.#scheduleTend();
      await this.#tend();
    });
  }

  async #tend(): Promise<void> {
    const { outbox, receiver, replies } = this.#options;
    // The store may have failed when this tab became the leader.
    if (this.#tabLeader?.isLeading && !this.#leads) await this.#takeOver();
    await outbox.tend();
    await replies.send(await receiver.tend(this.#oldest()));
    await receiver.askAgain();
    await this.#purge();
  }

  /** Messages that arrived before this time would be refused as too old. */
  #oldest(): number {
    const { facebook, retentionMs } = this.#options;
    return facebook.clock.now() - retentionMs;
  }

  async #purge(): Promise<void> {
    const now = this.#options.facebook.clock.now();
    if (now - this.#lastPurge < PURGE_INTERVAL_MS) return;
    this.#lastPurge = now;
    const { memory, outbox, keyOwners, facebook, background } = this.#options;
    await memory.purge();
    await outbox.purge();
    // Not waited for: it may read many records.
    void background.run(() => keyOwners.purge(facebook));
  }
}
