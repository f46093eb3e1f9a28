import { type Clock, systemClock } from '@dimp/core';
import { TokenBucket } from '@dimp/core/transport';
import { type Json, LruMap } from '@dimp/foundation';
import type { BotMiddleware } from './handler.ts';

/** Options for {@link rateLimit}. */
export interface RateLimitOptions {
  /** How many messages a person may send in {@link perMs}. */
  readonly messages: number;
  /** Milliseconds; a minute by default. */
  readonly perMs?: number;
  /** What a person is told who sends more, at most once in {@link perMs}; nothing by default. */
  readonly notice?: string;
  readonly clock?: Clock;
}

/** People who are remembered. */
const MAX_PEOPLE = 10_000;
const MINUTE_MS = 60_000;

interface Person {
  readonly bucket: TokenBucket;
  /** When they were told last, in milliseconds since the epoch. */
  told: number;
}

/** A middleware that ignores people who write too much, such as another bot that answers each answer. */
export function rateLimit<S extends Json = Json>(options: RateLimitOptions): BotMiddleware<S> {
  const { messages, perMs = MINUTE_MS, notice, clock = systemClock } = options;
  const rate = { perSecond: (messages * 1000) / perMs, burst: messages };
  const people = new LruMap<string, Person>(MAX_PEOPLE);
  return async (context, next) => {
    const now = clock.now();
    const { sender } = context;
    const person = people.get(sender) ?? {
      bucket: new TokenBucket(rate, now),
      told: Number.NEGATIVE_INFINITY,
    };
    people.set(sender, person);
    if (person.bucket.take(1, now) === 0) return next();
    if (notice === undefined || now - person.told < perMs) return undefined;
    person.told = now;
    await context.reply(notice);
    return undefined;
  };
}
