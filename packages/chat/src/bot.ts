/**
 * Bots over a client: a router of commands, sessions per person, a rate limit, and middleware.
 *
 * @module
 */
export { Bot, type BotOptions } from './bot/bot.ts';
export type { CommandCall } from './bot/command.ts';
export type { BotContext } from './bot/context.ts';
export type {
  BotErrorHandler,
  BotHandler,
  BotMiddleware,
  CommandHandler,
} from './bot/handler.ts';
export { type RateLimitOptions, rateLimit } from './bot/rate-limit.ts';
export { Sessions, type SessionsOptions } from './bot/sessions.ts';
