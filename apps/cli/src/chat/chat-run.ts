import type { Host } from '../host/host.ts';
import type { HostEvent } from '../host/messaging-calls.ts';
import { openHost } from '../host/open-host.ts';
import type { Session } from '../host/with-messaging.ts';
import { HostEvents } from '../messages/host-events.ts';
import type { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { Chat } from './chat.ts';
import { runChatCommand } from './chat-commands.ts';
import type { ChatOptions } from './chat-parts.ts';
import { ChatState } from './chat-state.ts';
import { completions } from './input.ts';
import { MessageView } from './message-view.ts';
import { Screen } from './screen.ts';

/** Seconds that the last lines have to be sent at the end. */
const LAST_SEND_TIMEOUT = 10;

/** One call of `dim chat`. It goes on where it was if the process that had the profile open ends. */
export class ChatRun implements Disposable {
  /** Its output is above the line that is being typed. */
  readonly context: Context;
  readonly #options: ChatOptions;
  readonly #screen: Screen;
  readonly #state: ChatState;
  readonly #events: HostEvents;
  #view: MessageView | undefined;
  #people: People;
  #chat: Chat | undefined;
  #references: readonly string[] = [];
  /** Deliveries are shown in their order. */
  #turn: Promise<void> = Promise.resolve();

  /** @param to - who is written to first */
  static async begin(
    context: Context,
    options: ChatOptions,
    { people }: Host,
    to: string | undefined,
  ): Promise<ChatRun> {
    const peer = to === undefined ? undefined : await people.require(to);
    return new ChatRun(context, options, people, peer);
  }

  private constructor(
    context: Context,
    options: ChatOptions,
    people: People,
    peer: ChatState['peer'],
  ) {
    this.#options = options;
    this.#people = people;
    this.#screen = new Screen(
      context,
      (line) => completions(line, this.#references),
      (line) => this.#typed(line),
    );
    this.#state = new ChatState(this.#screen, peer);
    // All output, including connection states, is printed above the line that is being typed.
    this.context = { ...context, output: this.#screen.output };
    this.#events = new HostEvents(this.context);
  }

  /** Opens the profile again, after the process that had it open has ended. It may ask for the passphrase. */
  reopen(): Promise<Host> {
    return this.#screen.suspended(() => openHost(this.context));
  }

  use(host: Host): void {
    this.#people = host.people;
    this.#events.use(host.people);
    this.#view ??= new MessageView(this.context.output, this.#state.numbers, host.user);
  }

  take(event: HostEvent): void {
    this.#events.show(event);
    if (event.type !== 'delivery') return;
    this.#turn = this.#turn
      .then(() => this.#chat?.showDelivery(event.delivery))
      .catch(() => undefined);
  }

  /** Shows messages and executes lines until the input ends. */
  async run(session: Session): Promise<void> {
    const { host, calls } = session;
    const view = this.#view;
    if (view === undefined) return;
    const renew = async (): Promise<void> => {
      this.#references = await this.#people.references();
    };
    const parts = {
      ...session,
      state: this.#state,
      view,
      options: this.#options,
      context: this.context,
      renew,
    };
    const chat = new Chat(parts, runChatCommand);
    this.#chat = chat;
    const end = new AbortController();
    const ending = AbortSignal.any([end.signal, host.lost, this.context.signal]);
    try {
      await renew();
      await chat.start();
      for (const message of await calls.deferred())
        this.#events.show({ type: 'deferred', message });
      const reading = chat.read(ending);
      reading.catch((error: unknown) => end.abort(error));
      await chat.type(AbortSignal.any([end.signal, host.lost, this.context.signal]));
      await this.#settle(session);
      end.abort();
      await reading;
    } finally {
      end.abort();
      this.#chat = undefined;
      await chat.close().catch(() => undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#events[Symbol.dispose]();
    this.#screen[Symbol.dispose]();
  }

  /** Waits until all messages are sent, for a limited time. The next call of the program sends the rest. */
  async #settle({ calls }: Session): Promise<void> {
    const limit = deadline(LAST_SEND_TIMEOUT);
    const { signal } = this.context;
    while (!limit.aborted && !signal.aborted) {
      const waits = (await calls.outbox()).filter(
        ({ state }) => state === 'queued' || state === 'waiting' || state === 'uploading',
      );
      if (waits.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.#turn;
  }

  #typed(line: string): void {
    if (line !== '' && !line.startsWith('/')) this.#chat?.conversation?.chat.typing();
  }
}
