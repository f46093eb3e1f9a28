import { type Clock, sleep, systemClock, systemTimers, type Timers } from '@dimp/core';
import { isProtocolError, type Json, showError } from '@dimp/foundation';
import type { DimClient } from '../client/dim-client.ts';
import type { IncomingChatMessage } from '../model/chats.ts';
import { type BotContext, makeContext } from './context.ts';
import type { BotErrorHandler, BotHandler, BotMiddleware, CommandHandler } from './handler.ts';
import { Router } from './router.ts';
import { hasChanged, Sessions, type SessionsOptions } from './sessions.ts';

/** Options for {@link Bot}. */
export interface BotOptions {
  readonly client: DimClient;
  /** What commands begin with; `/` by default. */
  readonly prefix?: string;
  /** What the bot hears in groups; by default commands, and messages that mention it. */
  readonly groups?: 'addressed' | 'all' | 'nothing';
  /** Who may write to the bot: by default everybody, whose requests it accepts. */
  readonly people?: 'everybody' | 'accepted';
  /** How many messages are handled at a time, each of another person; 8 by default. */
  readonly parallel?: number;
  /** How long the handlers of one message may take, in milliseconds; two minutes by default. The bot goes on then. */
  readonly timeoutMs?: number;
  readonly sessions?: SessionsOptions;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

const TIMEOUT_MS = 2 * 60_000;
/** Pauses before the messages are read again after a failure of the store. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Most readers of messages, most of which wait for the turn of their person. */
const MAX_READERS = 64;
/** Most messages of one person that wait for their turn. Further ones are left out. */
const MAX_WAITING = 16;

/**
 * A bot over a client: a router of commands, handlers by kind of message, middleware, and sessions per person. What a handler throws
 * never ends it. A message is finished when its handlers have ended, so after a crash it is handled again.
 *
 * @example
 * ```ts
 * const bot = new Bot({ client });
 * bot.use(rateLimit({ messages: 20 }));
 * bot.command('roll', 'rolls a die', ({ command, reply }) => reply(roll(command.args[0])));
 * bot.on('text', ({ text, reply }) => reply(`You said: ${text}`));
 * await bot.run({ signal });
 * ```
 */
export class Bot<S extends Json = Json> {
  readonly #options: BotOptions;
  readonly #router: Router<S>;
  readonly #sessions: Sessions<S>;
  readonly #timers: Timers;
  readonly #middleware: BotMiddleware<S>[] = [];
  readonly #errorHandlers: BotErrorHandler<S>[] = [];
  /** What was begun last for each person: their messages are handled in order. */
  readonly #turns = new Map<string, Turn>();

  constructor(options: BotOptions) {
    const { clock = systemClock, timers = systemTimers, prefix = '/' } = options;
    this.#options = options;
    this.#timers = timers;
    this.#router = new Router(prefix);
    this.#sessions = new Sessions<S>({ clock, ...options.sessions });
  }

  /** Adds a middleware after those that are there. */
  use(middleware: BotMiddleware<S>): this {
    this.#middleware.push(middleware);
    return this;
  }

  /**
   * Adds a command. `/help` lists all commands, unless it is added too.
   *
   * @param help - one line for the list; commands with an empty one are left out
   * @throws `TypeError` for a name that cannot be a command or is there already
   */
  command(names: string | readonly string[], help: string, handler: CommandHandler<S>): this {
    this.#router.command(typeof names === 'string' ? [names] : names, help, handler);
    return this;
  }

  /** Adds a handler for messages of a kind that are no commands; `*` for those without a handler of their kind. */
  on(kind: string, handler: BotHandler<S>): this {
    this.#router.on(kind, handler);
    return this;
  }

  /** Adds a handler of errors. Without one, they are written to the console. */
  onError(handler: BotErrorHandler<S>): this {
    this.#errorHandlers.push(handler);
    return this;
  }

  /** Handles messages until the signal aborts or the client is closed. */
  async run({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const name = (await this.#options.client.me.ready).name;
    await this.#sessions.prune();
    // One for each reader: a signal with many listeners is reported as a leak.
    const stops = new Set<AbortController>();
    // Several readers share the queue. Each finishes its own message when it asks for the next one.
    const readers = new Set<Promise<void>>();
    const addReader = (): void => {
      if (readers.size >= MAX_READERS || signal?.aborted) return;
      const stop = new AbortController();
      stops.add(stop);
      readers.add(this.#read(name, stop.signal, addReader));
    };
    const end = (): void => {
      for (const stop of stops) stop.abort();
    };
    signal?.addEventListener('abort', end, { once: true });
    const { parallel = 8 } = this.#options;
    for (let count = 0; count < parallel; count++) addReader();
    try {
      // A reader may add others.
      for (const reading of readers) await reading;
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
  }

  /** @param addReader - replaces a reader that has to wait for somebody's turn */
  async #read(name: string, signal: AbortSignal, addReader: () => void): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        for await (const incoming of this.#options.client.chats.incoming({ signal })) {
          pause = FIRST_PAUSE_MS;
          await this.#inTurn(incoming, addReader, () => this.#handle(incoming, name, signal));
        }
        return;
      } catch (error) {
        if (isOver(error)) return;
        showError('the messages of the bot cannot be read:', error);
        await sleep(pause, this.#timers, signal).catch(() => undefined);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Waits for the message before of the same person. */
  async #inTurn(
    { conversation, message }: IncomingChatMessage,
    addReader: () => void,
    task: () => Promise<void>,
  ): Promise<void> {
    const person = JSON.stringify([conversation, message.sender]);
    const before = this.#turns.get(person);
    // Somebody who floods the bot must not make all others wait.
    if ((before?.waiting ?? 0) >= MAX_WAITING) return;
    if (before !== undefined) addReader();
    const done = (before?.done ?? Promise.resolve()).then(task);
    const turn = { done, waiting: (before?.waiting ?? -1) + 1 };
    this.#turns.set(person, turn);
    await done;
    if (this.#turns.get(person) === turn) this.#turns.delete(person);
  }

  /** Never throws: an error of one message must not end the bot. */
  async #handle(incoming: IncomingChatMessage, name: string, signal: AbortSignal): Promise<void> {
    try {
      const context = await this.#open(incoming, name, signal);
      if (context !== undefined) await this.#withTimeout(context, signal);
    } catch (error) {
      showError('a message of the bot cannot be handled:', error);
    }
  }

  /** @returns undefined for a message that the bot does not hear */
  async #open(
    incoming: IncomingChatMessage,
    name: string,
    signal: AbortSignal,
  ): Promise<(BotContext<S> & { readonly cancel: () => void }) | undefined> {
    const { client, groups = 'addressed', people = 'everybody' } = this.#options;
    const { message, conversation } = incoming;
    const chat = await client.chats.open(conversation);
    const { kind, request, blocked } = await chat.summary.ready;
    const isGroup = kind === 'group';
    const command = this.#router.parse(message, name);
    const isAddressed = command !== undefined || message.mentionsMe;
    if (message.mine || blocked || (isGroup && groups === 'nothing')) return undefined;
    if (isGroup && groups === 'addressed' && !isAddressed) return undefined;
    if (request !== undefined) {
      if (people === 'accepted') return undefined;
      await chat.accept();
    }
    const limit = new AbortController();
    const context = makeContext<S>({
      client,
      chat,
      incoming,
      isGroup,
      command,
      session: await this.#sessions.get(conversation, message.sender),
      signal: AbortSignal.any([signal, limit.signal]),
    });
    return Object.assign(context, { cancel: () => limit.abort() });
  }

  async #withTimeout(
    context: BotContext<S> & { readonly cancel: () => void },
    signal: AbortSignal,
  ): Promise<void> {
    const done = new AbortController();
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    const waiting = sleep(timeoutMs, this.#timers, AbortSignal.any([done.signal, signal])).then(
      () => {
        context.cancel();
        showError('a handler of the bot takes too long:', context.message.kind);
      },
      // The handlers have ended, or the bot stops.
      () => undefined,
    );
    await Promise.race([this.#run(context).finally(() => done.abort()), waiting]);
  }

  async #run(context: BotContext<S>): Promise<void> {
    const before = structuredCopy(context.session);
    try {
      await this.#pass(context, 0);
    } catch (error) {
      await this.#failed(error, context);
    }
    if (!hasChanged(before, context.session)) return;
    await this.#sessions.set(context.chat.id, context.sender, context.session);
  }

  async #pass(context: BotContext<S>, index: number): Promise<void> {
    const middleware = this.#middleware[index];
    if (middleware === undefined) await this.#router.handle(context);
    else await middleware(context, () => this.#pass(context, index + 1));
  }

  async #failed(error: unknown, context: BotContext<S>): Promise<void> {
    if (this.#errorHandlers.length === 0) showError('a handler of the bot has failed:', error);
    for (const handler of this.#errorHandlers) {
      try {
        await handler(error, context);
      } catch (another) {
        showError('a handler of errors of the bot has failed:', another);
      }
    }
  }
}

/** The turn of a person, and how many messages wait before it. */
interface Turn {
  readonly done: Promise<void>;
  readonly waiting: number;
}

/** Whether the client is closed: then there will be no more messages. */
function isOver(error: unknown): boolean {
  return isProtocolError(error, 'state/stopped') || isProtocolError(error, 'transport/closed');
}

function structuredCopy<S extends Json>(value: S | undefined): S | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as S);
}
