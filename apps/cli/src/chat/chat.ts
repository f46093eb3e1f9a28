import type { ChatMessage } from '@dimp/chat';
import { isProtocolError } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import type { DeliveryFacts } from '../host/messaging-calls.ts';
import { deliveryFacts, stateText } from '../messages/delivery.ts';
import { sendOnce } from '../messages/send-once.ts';
import { failureOf, usage } from '../terminal/failure.ts';
import { oneLine } from '../terminal/text.ts';
import type { ChatParts } from './chat-parts.ts';
import { type ChatCommandName, readChatInput } from './input.ts';
import { OpenConversation } from './open-conversation.ts';

/** Earlier messages shown at the start of a conversation, and most unread ones. */
const SHOWN_FIRST = 20;
const MAX_SHOWN = 200;
/** States in which a message has left this machine. */
const LEFT: readonly string[] = ['sent', 'delivered', 'received'];

/** Executes a command of a chat. @returns whether the chat ends */
export type RunCommand = (chat: Chat, name: ChatCommandName, rest: string) => Promise<boolean>;

/** A running chat: shows messages and executes typed lines, as long as the process that has the profile open is there. */
export class Chat {
  readonly parts: ChatParts;
  readonly #runCommand: RunCommand;
  readonly #began = Date.now();
  #open: OpenConversation | undefined;
  #sending: Promise<unknown> = Promise.resolve();
  /** Messages of this chat whose state was shown, and the state. */
  readonly #shownStates = new Map<string, string>();

  constructor(parts: ChatParts, runCommand: RunCommand) {
    this.parts = parts;
    this.#runCommand = runCommand;
  }

  /** The conversation that lines are sent to. */
  get conversation(): OpenConversation | undefined {
    return this.#open;
  }

  /** The conversation that lines are sent to. @throws `usage` without one */
  requireConversation(): OpenConversation {
    if (this.#open !== undefined) return this.#open;
    throw usage('no receiver: choose one with /to NAME or /reply');
  }

  /** Opens the conversation that was chosen last, and tells what is unread. */
  async start(): Promise<void> {
    const { state } = this.parts;
    if (!state.isShown) await this.#showUnread();
    if (state.peer === undefined) this.prompt();
    else await this.turnTo(state.peer, state.isShown ? 0 : SHOWN_FIRST);
    const { unfinished } = state;
    if (unfinished !== undefined) await this.#finish(unfinished.line, unfinished.since);
  }

  /** Shows incoming messages until the signal is aborted. */
  async read(signal: AbortSignal): Promise<void> {
    const { calls, view, host, state } = this.parts;
    const reader = await calls.join();
    try {
      for (;;) {
        const { conversation: text, message } = await calls.next(reader, { signal });
        const conversation = protocol.parseID(text);
        await view.showNew(message, conversation, host.people);
        if (message.mine) continue;
        state.answerable.heard(conversation, message.ref);
        await this.#noteSender(message);
        if (this.#isCurrent(conversation)) this.#open?.markRead();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await calls.leave(reader, false).catch(() => undefined);
    }
  }

  /** Executes typed lines until the input ends. @throws the reason of the signal */
  async type(signal: AbortSignal): Promise<void> {
    const { state, context } = this.parts;
    for (;;) {
      const line = await state.line(signal);
      if (line === undefined) return;
      if (line.trim() === '') continue;
      try {
        if (await this.#finish(line, Date.now())) return;
      } catch (error) {
        // A wrong name or a missing file does not end the chat.
        const { code } = failureOf(error);
        if (code === 'internal' || code === 'interrupted' || signal.aborted) throw error;
        context.output.failure(error);
      }
      state.answerable.typed();
    }
  }

  /** Writes to another person or group, and shows the last messages. */
  async turnTo(peer: ID, count = SHOWN_FIRST): Promise<void> {
    const { client, host, state, view, context } = this.parts;
    await this.#open?.close();
    const chat = await client.chats.open(peer.text);
    const { unread = 0 } = await chat.summary.ready;
    const open = new OpenConversation(chat, host.people, view, {
      onStatus: () => this.prompt(),
      onTyping: (typists) => void this.#showTyping(peer, typists),
      onError: (error) => {
        // At the end of this session the conversation is closed; the next one opens it again.
        if (!host.lost.aborted && !isProtocolError(error, 'state/stopped')) {
          context.output.failure(error);
        }
      },
      sent: () => this.#sending.then(() => undefined),
    });
    const items = await open.open();
    const typed = items.filter(({ mine, kind }) => mine && kind === 'text');
    state.screen.remember(typed.map(({ text }) => text).reverse());
    this.#open = open;
    state.peer = peer;
    state.isShown = true;
    await this.#showLast(items, count === 0 ? 0 : Math.max(count, unread), unread);
    if (unread > 0) open.markRead();
    this.prompt();
  }

  /** Shows the last messages of the current conversation. */
  async showLast(count: number): Promise<void> {
    const open = this.requireConversation();
    const items: ChatMessage[] = [];
    for await (const message of open.chat.messages({ order: 'descending' })) {
      items.push(message);
      if (items.length >= count) break;
    }
    await this.#showLast(items.reverse(), count, 0);
  }

  /** Sends a text to the current conversation. @param replyTo - ref of the message that it answers */
  async sendText(text: string, replyTo?: string): Promise<void> {
    const { chat, id } = this.requireConversation();
    const { state, host } = this.parts;
    const { since = this.#began } = state.unfinished ?? {};
    const triedAt = since < this.#began ? since : undefined;
    await this.#tracked(async () => {
      const ref = await sendOnce(chat, { text, replyTo, triedAt });
      state.numbers.of(id, ref);
      await host.people.note(id);
      await this.#showState(ref);
    });
  }

  /** Waits until no typed message is being sent. */
  async settle(): Promise<void> {
    await this.#sending;
  }

  /** Shows the own messages of the current conversation that are not with their receiver yet, and the newest one. */
  async showStates(): Promise<void> {
    const { calls, host, context, state } = this.parts;
    const { id } = this.requireConversation();
    await this.settle();
    const newest = this.#open?.newest(({ mine }) => mine);
    const entries = (await calls.outbox()).filter(({ receiver }) => receiver === id.text);
    for (const { ref } of entries) {
      const delivery = ref === undefined ? undefined : await calls.delivery(ref);
      if (delivery === undefined) continue;
      const number = state.numbers.of(id, delivery.ref);
      const to = await host.people.facts(id);
      const line = `      #${number}: ${stateText(delivery)}`;
      context.output.result('delivery', { number, ...deliveryFacts(delivery, to) }, line);
    }
    if (newest?.state === undefined || entries.some(({ ref }) => ref === newest.ref)) return;
    const number = state.numbers.of(id, newest.ref);
    const facts = { number, id: newest.ref, state: newest.state, to: await host.people.facts(id) };
    context.output.result('delivery', facts, `      #${number}: ${newest.state}`);
  }

  /** Sets the prompt: who is written to, and the state of the newest own message. */
  prompt(): void {
    void this.#prompt().catch(() => undefined);
  }

  /** Shows the state of a message of this chat: each one as JSON, for people the first one and problems. */
  async showDelivery(delivery: DeliveryFacts): Promise<void> {
    const { host, state, context } = this.parts;
    const { ref, receiver, error } = delivery;
    const peer = protocol.parseID(receiver);
    if (!state.numbers.has(peer, ref)) return;
    const number = state.numbers.of(peer, ref);
    const facts = { number, ...deliveryFacts(delivery, await host.people.facts(peer)) };
    const text = stateText(delivery);
    if (context.output.json) {
      context.output.result('delivery', facts, []);
      return;
    }
    const shown = this.#shownStates.get(ref);
    // On a terminal the prompt shows the state, so that a message has one line.
    const isWorth = error !== undefined || (!state.screen.isTerminal && LEFT.includes(text));
    if (!isWorth || shown !== undefined) return;
    this.#shownStates.set(ref, text);
    const label = await host.people.label(peer);
    context.output.result('delivery', facts, `      #${number} to ${label}: ${text}`);
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }

  /** Executes a line. @returns whether the chat ends */
  async #finish(line: string, since: number): Promise<boolean> {
    const { state, host } = this.parts;
    state.unfinished = { line, since };
    try {
      const input = readChatInput(line);
      if (input.kind === 'wrong') throw usage(input.message);
      if (input.kind === 'command') return await this.#runCommand(this, input.name, input.rest);
      await this.sendText(input.text);
      return false;
    } finally {
      if (!host.lost.aborted) state.unfinished = undefined;
    }
  }

  #tracked(task: () => Promise<void>): Promise<void> {
    const sending = task();
    this.#sending = Promise.all([this.#sending, sending.catch(() => undefined)]);
    return sending;
  }

  async #showState(ref: string): Promise<void> {
    const delivery = await this.parts.calls.delivery(ref);
    if (delivery !== undefined) await this.showDelivery(delivery);
  }

  async #showLast(items: readonly ChatMessage[], count: number, unread: number): Promise<void> {
    const { view, host, context } = this.parts;
    const { id } = this.requireConversation();
    const last = count === 0 ? [] : items.slice(-Math.min(count, MAX_SHOWN));
    const firstUnread = last.filter(({ mine }) => !mine).at(-unread)?.ref;
    for (const message of last) {
      if (unread > 0 && message.ref === firstUnread) context.output.note(`--- ${unread} new ---`);
      await view.show('history', message, id, host.people);
    }
  }

  async #showUnread(): Promise<void> {
    const { client, host, context } = this.parts;
    const all = [client.chats.list(), client.chats.list({ requests: true })];
    for (const list of all) {
      for (const { id, unread, mentions } of await list.ready) {
        if (unread === 0) continue;
        const person = protocol.parseID(id);
        const facts = { conversation: id, in: await host.people.facts(person), unread, mentions };
        const named = mentions === 0 ? '' : `, ${mentions} that name you`;
        const text = `${unread} unread from ${await host.people.label(person)}${named}`;
        context.output.event('unread', facts, text);
      }
    }
  }

  async #showTyping(conversation: ID, typists: readonly ID[]): Promise<void> {
    const { host, context } = this.parts;
    const from = await Promise.all(typists.map((id) => host.people.facts(id)));
    context.output.event('typing', { conversation: conversation.text, from }, '');
  }

  /** Tells the user about a stranger who writes for the first time. */
  async #noteSender({ sender }: ChatMessage): Promise<void> {
    const { host, state, context, renew } = this.parts;
    const id = protocol.parseID(sender);
    await host.people.note(id);
    const { standing } = await host.people.person(id);
    if (standing !== 'stranger' || state.strangers.has(id.entity)) return;
    state.strangers.add(id.entity);
    context.output.note(
      'not one of your contacts: /reply answers, /info shows details, /add adds them, /block refuses them',
    );
    await renew();
  }

  #isCurrent(conversation: ID): boolean {
    return this.#open !== undefined && sameEntity(this.#open.id, conversation);
  }

  async #prompt(): Promise<void> {
    const { state, host } = this.parts;
    const name = this.#open === undefined ? 'dim' : await host.people.label(this.#open.id);
    state.screen.prompt(oneLine(name), this.#open?.mark ?? '');
  }
}
