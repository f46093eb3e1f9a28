import type { Json } from '@dimp/foundation';
import type { ChatMessage } from '../model/message.ts';
import { type CommandCall, parseCommand } from './command.ts';
import type { BotContext } from './context.ts';
import type { BotHandler, CommandHandler } from './handler.ts';

interface Command<S extends Json> {
  readonly name: string;
  readonly help: string;
  readonly handler: CommandHandler<S>;
}

/** Finds the handler of a message: that of its command, else that of its kind. */
export class Router<S extends Json> {
  readonly #prefix: string;
  readonly #commands = new Map<string, Command<S>>();
  readonly #handlers = new Map<string, BotHandler<S>[]>();

  constructor(prefix: string) {
    if (prefix === '') throw new TypeError('prefix must not be empty');
    this.#prefix = prefix;
  }

  /** @throws `TypeError` for a name that cannot be a command or is there already */
  command(names: readonly string[], help: string, handler: CommandHandler<S>): void {
    const [first = ''] = names;
    for (const each of names) {
      const name = each.toLowerCase();
      if (parseCommand(this.#prefix + name, this.#prefix, '')?.name !== name) {
        throw new TypeError('name must have 1 to 32 letters, digits, - and _');
      }
      if (this.#commands.has(name)) throw new TypeError(`there is a command "${name}" already`);
      this.#commands.set(name, { name: first, help, handler });
    }
  }

  on(kind: string, handler: BotHandler<S>): void {
    this.#handlers.set(kind, [...(this.#handlers.get(kind) ?? []), handler]);
  }

  /** The command in a message; undefined if it has none. */
  parse({ kind, text }: ChatMessage, botName: string): CommandCall | undefined {
    return kind === 'text' || kind === 'quote'
      ? parseCommand(text, this.#prefix, botName)
      : undefined;
  }

  async handle(context: BotContext<S>): Promise<void> {
    const { command, message } = context;
    if (command !== undefined) {
      await this.#run(Object.assign(context, { command }));
      return;
    }
    const handlers = this.#handlers.get(message.kind) ?? this.#handlers.get('*') ?? [];
    for (const handler of handlers) await handler(context);
  }

  async #run(context: BotContext<S> & { readonly command: CommandCall }): Promise<void> {
    const { name } = context.command;
    const known = this.#commands.get(name);
    if (known !== undefined) await known.handler(context);
    else if (name === 'help') await context.reply(this.#help());
    // In a group the command may be for another bot.
    else if (!context.isGroup) await context.reply(`I do not know that. Try ${this.#prefix}help`);
  }

  #help(): string {
    const listed = [...this.#commands].filter(([name, each]) => each.name === name && each.help);
    const lines = listed.map(([name, { help }]) => `${this.#prefix}${name}: ${help}`);
    return lines.length === 0 ? 'There are no commands.' : lines.join('\n');
  }
}
