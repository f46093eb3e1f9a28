import type { Json, MaybePromise } from '@dimp/foundation';
import type { CommandCall } from './command.ts';
import type { BotContext } from './context.ts';

/** Does something with a message. */
export type BotHandler<S extends Json = Json> = (context: BotContext<S>) => MaybePromise<unknown>;

/** Carries out a command. */
export type CommandHandler<S extends Json = Json> = (
  context: BotContext<S> & { readonly command: CommandCall },
) => MaybePromise<unknown>;

/** Runs before the handlers. Without a call of `next`, nothing more is done with the message. */
export type BotMiddleware<S extends Json = Json> = (
  context: BotContext<S>,
  next: () => Promise<void>,
) => MaybePromise<unknown>;

/** Is told what a middleware or a handler has thrown. */
export type BotErrorHandler<S extends Json = Json> = (
  error: unknown,
  context: BotContext<S>,
) => MaybePromise<unknown>;
