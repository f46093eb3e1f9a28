import type { Timers } from '@dimp/core';
import type { Facebook, StoredKeyOwners } from '@dimp/endpoint';
import { disposeSymbol, type Events, type Handle, isProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Handled, Received } from '../inbox/answer.ts';
import type { Application } from '../inbox/application.ts';
import type { Inbox, InboxItem } from '../inbox/inbox.ts';
import type { Receipts } from '../inbox/receipts.ts';
import type { Receiver } from '../inbox/receiver.ts';
import type { ReplayMemory } from '../inbox/replay-memory.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Background } from './background.ts';
import { claim } from './claim.ts';
import type { Connection } from './connection.ts';
import type { MessengerEvents } from './events.ts';
import type { PackedAnswer, Replies } from './replies.ts';
import type { StationContact } from './station-contact.ts';
import { TabLeader } from './tab-leader.ts';

/** What a {@link Lifecycle} looks after. */
export interface LifecycleParts {
  readonly facebook: Facebook;
  readonly outbox: Outbox;
  readonly replies: Replies;
  readonly receiver: Receiver;
  readonly application: Application;
  readonly inbox: Inbox;
  readonly memory: ReplayMemory;
  readonly receipts: Receipts;
  readonly keyOwners: StoredKeyOwners;
  /** How long a message may wait to be taken in, in milliseconds. */
  readonly retention: number;
  readonly connection: Connection;
  readonly background: Background;
  readonly timers: Timers;
  readonly events: Events<MessengerEvents>;
  /** Name of this messenger among those on the same store. */
  readonly owner: string;
}

/** How often waiting messages are looked after: as often as questions may be asked (spec §11.4), in milliseconds. */
const TEND_INTERVAL = 600_000;
/** How often old names of messages are forgotten, in milliseconds. */
const PURGE_INTERVAL = 6 * 60 * 60_000;

/** Answers that the transport has not taken yet; a peer that takes none cannot make us keep more. */
const MAX_ANSWERS_ON_THEIR_WAY = 256;

/** Starts a messenger, keeps it going and stops it: what has to happen by itself, happens here. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #listening: Handle[] = [];
  readonly #tabLeader: TabLeader | undefined;
  #timer: Disposable | undefined;
  #started: Promise<void> | undefined;
  #claim: Handle | undefined;
  #purged = 0;
  #answersOnTheirWay = 0;
  #leads = false;
  #stopped = false;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    const { facebook, owner, background } = parts;
    const { sharing } = facebook.store;
    if (sharing === undefined) return;
    this.#tabLeader = new TabLeader(sharing, owner, {
      lead: () => this.#takeOver(),
      inherit: (gone) => this.#takeUp((each) => each === gone),
      outboxChanged: (id) => parts.outbox.refresh(id),
      anyOutboxChanged: () => parts.outbox.refreshAll(),
      run: (task) => background.run(task),
    });
  }

  start(): Promise<void> {
    this.#started ??= this.#start().catch((error: unknown) => {
      // It may go better the next time.
      this.#started = undefined;
      this.#unlisten();
      this.#claim?.close();
      throw error;
    });
    return this.#started;
  }

  /** Takes a message in and waits for its handlers. @returns all answers */
  async receive(text: string): Promise<readonly PackedAnswer[]> {
    const { receiver, replies } = this.#parts;
    const received = await receiver.receive(text);
    const all = Promise.all(received.handled);
    // If we do not get as far as to wait for it.
    all.catch(() => undefined);
    const messages = [...(await replies.pack(received.answers))];
    for (const { receipt } of messages)
      if (receipt !== undefined) await this.#parts.memory.paid(receipt.id);
    for (const handled of await all) {
      messages.push(...(await this.#packHandled(handled, true)));
    }
    return messages;
  }

  /**
   * Takes a message in and sends its answers; those of handlers when they have them.
   *
   * @param via - the station whose connection it came over
   * @returns false if there was no room for it: it has to come again
   */
  async receiveAndAnswer(text: string, via?: StationContact): Promise<boolean> {
    const received = await this.#parts.receiver.receive(text, via);
    await this.answer(received);
    return received.noRoom !== true;
  }

  async answer(received: Received): Promise<void> {
    const { replies, background } = this.#parts;
    for (const handled of received.handled) {
      void background.run(async () => {
        await this.#send(await this.#packHandled(await handled, false));
      });
    }
    const packed = await replies.pack(received.answers);
    // Not waited for: the peer may acknowledge it only when it has got rid of what it waits for us to acknowledge.
    void background.run(() => this.#send(packed));
  }

  /** Whether this messenger is the one that sends: alone on its store, or of several tabs the one that leads. */
  get leads(): boolean {
    return this.#leads && !this.#stopped;
  }

  /** The user knows somebody now: receipts that are owed to them are sent. */
  known(peer: ID): void {
    const { receipts, background } = this.#parts;
    void background.run(async () => this.answer(await receipts.payOwed(peer.entity)));
  }

  /** The connection is back. */
  resume(): void {
    const { outbox, receiver, receipts, background, events } = this.#parts;
    events.emit('resumed', {});
    void background.run(async () => {
      await outbox.resume();
      await this.answer(await receiver.tend(this.#oldest()));
      await this.answer(await receipts.payOwed());
      await receiver.askAgain();
    });
  }

  async idle(): Promise<void> {
    const { receiver, application, outbox, background } = this.#parts;
    do {
      await receiver.idle();
      await application.idle();
      await background.idle();
      await outbox.idle();
    } while (background.busy);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const { receiver, application, outbox, background } = this.#parts;
    this.#unlisten();
    background.stop();
    receiver.stop();
    application.queue.stop();
    outbox.stop();
    this.#tabLeader?.stop();
    await this.#started?.catch(() => undefined);
    await receiver.idle();
    await outbox.idle();
    this.#claim?.close();
  }

  async #start(): Promise<void> {
    const { facebook, background } = this.#parts;
    this.#claim = claim(facebook.store);
    const arrived = ({ id }: { readonly id: ID }): void => {
      void background.run(() => this.#release(id.entity));
    };
    for (const kind of ['metaSaved', 'documentSaved', 'membersSaved'] as const) {
      this.#listening.push(facebook.events.on(kind, arrived));
    }
    const contactsChanged = (): void => {
      void background.run(async () => this.answer(await this.#parts.receipts.payOwed()));
    };
    this.#listening.push(facebook.events.on('contactsChanged', contactsChanged));
    this.#tendLater();
    await this.#purge();
    if (this.#tabLeader === undefined) {
      await this.#lead();
      await this.#takeUp(() => true);
      await background.run(() => this.#restore());
    } else {
      this.#tabLeader.start();
    }
  }

  #unlisten(): void {
    for (const each of this.#listening.splice(0)) each.close();
    this.#timer?.[disposeSymbol]();
  }

  async #lead(): Promise<void> {
    const { outbox, events, inbox } = this.#parts;
    await outbox.lead();
    for await (const { owner } of inbox.list()) this.#tabLeader?.await(owner);
    this.#leads = true;
    events.emit('leading', {});
  }

  /** This tab leads from now on. What others have let wait, nobody else looks after. */
  async #takeOver(): Promise<void> {
    await this.#lead();
    await this.#restore();
  }

  async #restore(): Promise<void> {
    const { receiver, background } = this.#parts;
    const restored = await receiver.restore(this.#oldest());
    void background.run(async () => {
      await this.answer(restored);
      await this.answer(await this.#parts.receipts.payOwed());
    });
  }

  /** Messages that were taken in and not done with: their handlers get them again. */
  async #takeUp(mine: (owner: string) => boolean): Promise<void> {
    const { inbox, application, background } = this.#parts;
    const items: InboxItem[] = [];
    for await (const item of inbox.list()) if (mine(item.owner)) items.push(item);
    for (const item of items) {
      const handled = application.take(item);
      void background.run(() => this.answer({ answers: [], handled: [handled] }));
    }
  }

  async #release(entity: EntityKey): Promise<void> {
    const { outbox, receiver, replies, receipts, background } = this.#parts;
    await outbox.release(entity);
    await this.answer(await receiver.release(entity));
    await this.answer(await receipts.payOwed(entity));
    const waiting = await replies.release(entity);
    void background.run(() => this.#send(waiting));
  }

  /** A message is done with when its answers are in the outbox, or with whoever has handed it in. */
  async #packHandled(
    { answers, done, failed }: Handled,
    handBack: boolean,
  ): Promise<readonly PackedAnswer[]> {
    let messages: readonly PackedAnswer[] = [];
    try {
      messages = await this.#parts.replies.packHandled(answers, handBack);
    } catch (error) {
      if (isProtocolError(error) && error.code.startsWith('store/')) throw error;
      await failed(error);
      return [];
    }
    await done();
    return messages;
  }

  async #send(messages: readonly PackedAnswer[]): Promise<void> {
    const { memory } = this.#parts;
    let isOpen = true;
    for (const each of messages) {
      isOpen = isOpen && (await this.#sendAnswer(each));
      if (each.receipt === undefined) continue;
      const { id, signature } = each.receipt;
      // An answer to a question is asked for again; a receipt perhaps is not: older programs do not repeat a message.
      if (isOpen) await memory.paid(id);
      else await memory.owe(id, { for: 'network', signature });
    }
  }

  /** @returns false if the network does not take it */
  async #sendAnswer({ message, bytes }: PackedAnswer): Promise<boolean> {
    if (this.#answersOnTheirWay >= MAX_ANSWERS_ON_THEIR_WAY) return false;
    this.#answersOnTheirWay += 1;
    try {
      await this.#parts.connection.send(bytes, message.envelope.receiver);
      return true;
    } catch {
      return false;
    } finally {
      this.#answersOnTheirWay -= 1;
    }
  }

  #tendLater(): void {
    const { timers } = this.#parts;
    if (this.#stopped) return;
    this.#timer = timers.after(TEND_INTERVAL, async () => {
      this.#tendLater();
      await this.#tend();
    });
  }

  async #tend(): Promise<void> {
    const { outbox, receiver } = this.#parts;
    // The store may have failed when it was our turn.
    if (this.#tabLeader?.isLeading && !this.#leads) await this.#takeOver();
    await outbox.tend();
    await this.answer(await receiver.tend(this.#oldest()));
    await receiver.askAgain();
    await this.#purge();
  }

  /** What came before, in milliseconds since the epoch, would be refused as too old. */
  #oldest(): number {
    const { facebook, retention } = this.#parts;
    return facebook.clock.now() - retention;
  }

  async #purge(): Promise<void> {
    const now = this.#parts.facebook.clock.now();
    if (now - this.#purged < PURGE_INTERVAL) return;
    this.#purged = now;
    const { memory, keyOwners, facebook, background } = this.#parts;
    await memory.purge();
    // Nothing waits for it, and it reads what may be much.
    void background.run(() => keyOwners.purge(facebook));
  }
}
