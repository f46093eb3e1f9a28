import type { Timers } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import type { Events } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Dispatcher } from '../delivery/dispatcher.ts';
import type { Facebook } from '../facebook/facebook.ts';
import type { Received } from '../receiving/answer.ts';
import type { Application } from '../receiving/application.ts';
import type { Inbox } from '../receiving/inbox.ts';
import type { Receiver } from '../receiving/receiver.ts';
import type { ReplayMemory } from '../receiving/replay-memory.ts';
import type { Answering } from './answering.ts';
import type { Background } from './background.ts';
import type { MessengerEvents } from './events.ts';
import { Leadership } from './leadership.ts';
import type { Link } from './link.ts';
import type { MessagePacker } from './message-packer.ts';

/** What a {@link Life} looks after. */
export interface LifeParts {
  readonly facebook: Facebook;
  readonly packer: MessagePacker;
  readonly dispatcher: Dispatcher;
  readonly answering: Answering;
  readonly receiver: Receiver;
  readonly application: Application;
  readonly inbox: Inbox;
  readonly memory: ReplayMemory;
  readonly link: Link;
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

/** Starts a messenger, keeps it going and stops it: what has to happen by itself, happens here. */
export class Life {
  readonly #parts: LifeParts;
  readonly #listening: Disposable[] = [];
  readonly #leadership: Leadership | undefined;
  #timer: Disposable | undefined;
  #started: Promise<void> | undefined;
  #purged = 0;
  #stopped = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    const { facebook, owner, background } = parts;
    const { sharing } = facebook.store;
    if (sharing === undefined) return;
    this.#leadership = new Leadership(sharing, owner, {
      lead: () => this.#lead(),
      inherit: (gone) => this.#takeUp((each) => each === gone),
      outboxChanged: (id) => parts.dispatcher.refresh(id),
      run: (task) => background.run(task),
    });
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Takes a message in and waits for its handlers. @returns all answers */
  async receive(text: string): Promise<readonly ReliableMessage[]> {
    const { receiver, answering } = this.#parts;
    const received = await receiver.receive(text);
    const messages = [...(await answering.pack(received.answers))];
    for (const answers of await Promise.all(received.handled)) {
      messages.push(...(await answering.packHandled(answers)));
    }
    return messages;
  }

  /** Takes a message in and sends its answers; those of handlers when they have them. */
  async receiveAndAnswer(text: string): Promise<void> {
    await this.answer(await this.#parts.receiver.receive(text));
  }

  async answer(received: Received): Promise<void> {
    const { answering, background } = this.#parts;
    for (const handled of received.handled) {
      void background.run(async () => {
        await this.#send(await answering.packHandled(await handled));
      });
    }
    await this.#send(await answering.pack(received.answers));
  }

  async idle(): Promise<void> {
    const { receiver, application, dispatcher, background } = this.#parts;
    do {
      await receiver.idle();
      await application.idle();
      await background.idle();
      await dispatcher.idle();
    } while (background.busy);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const { receiver, application, dispatcher, background } = this.#parts;
    for (const each of this.#listening) each[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    background.stop();
    receiver.stop();
    application.queue.stop();
    dispatcher.stop();
    this.#leadership?.stop();
    await this.#started?.catch(() => undefined);
    await receiver.idle();
    await dispatcher.idle();
  }

  async #start(): Promise<void> {
    const { facebook, background, receiver } = this.#parts;
    const arrived = ({ id }: { readonly id: ID }): void => {
      void background.run(() => this.#release(id.entity));
    };
    for (const kind of ['metaSaved', 'documentSaved', 'membersSaved'] as const) {
      this.#listening.push(facebook.events.on(kind, arrived));
    }
    this.#tendLater();
    await this.#purge();
    if (this.#leadership === undefined) {
      await this.#lead();
      await this.#takeUp(() => true);
    } else {
      this.#leadership.start();
    }
    const restored = await receiver.restore();
    void background.run(() => this.answer(restored));
  }

  async #lead(): Promise<void> {
    const { dispatcher, events, inbox } = this.#parts;
    await dispatcher.lead();
    for await (const { owner } of inbox.list()) this.#leadership?.await(owner);
    events.emit('leading', {});
  }

  /** Messages that were taken in and not done with: their handlers get them again. */
  async #takeUp(mine: (owner: string) => boolean): Promise<void> {
    const { inbox, application, background } = this.#parts;
    for await (const item of inbox.list()) {
      if (!mine(item.owner)) continue;
      const handled = application.take(item);
      void background.run(() => this.answer({ answers: [], handled: [handled] }));
    }
  }

  async #release(entity: EntityKey): Promise<void> {
    const { dispatcher, receiver } = this.#parts;
    await dispatcher.release(entity);
    await this.answer(await receiver.release(entity));
  }

  async #send(messages: readonly ReliableMessage[]): Promise<void> {
    const { link, packer } = this.#parts;
    for (const message of messages) {
      try {
        await link.send(packer.transceiver.serialize(message), message.envelope.receiver);
      } catch {
        // An answer that cannot be sent now is asked for again: a receipt by the repeated message.
        return;
      }
    }
  }

  #tendLater(): void {
    const { timers, dispatcher, facebook } = this.#parts;
    if (this.#stopped) return;
    this.#timer = timers.after(TEND_INTERVAL, async () => {
      this.#tendLater();
      await dispatcher.tend(facebook.clock.now());
      await this.#purge();
    });
  }

  async #purge(): Promise<void> {
    const now = this.#parts.facebook.clock.now();
    if (now - this.#purged < PURGE_INTERVAL) return;
    this.#purged = now;
    await this.#parts.memory.purge();
  }
}
