import { type ContentContext, type ContentType, defineContent } from '@dimp/dkd';
import {
  boolean,
  literal,
  object,
  optional,
  type Schema,
  string,
  time,
} from '@dimp/foundation/schema';
import { listOf, textUpTo, wholeNumber } from '../fields/limited.ts';
import { ref } from '../fields/ref.ts';
import { VANISH_RANGE } from '../fields/vanish.ts';
import { emoji } from './emoji.ts';
import { type Target, target } from './target.ts';

/** The application whose customized contents (type 204) these are. */
const APP = 'dimp.chat';

/** A reader's reactions to a message: the whole set of this reader, which replaces the earlier one. */
export interface ReactionBody {
  readonly target: Target;
  /** At most three; none takes the reactions back. */
  readonly emojis: readonly string[];
}

/** Reactions. Clients that do not know them show nothing. */
export const Reaction: ContentType<'reaction', ReactionBody> = /* @__PURE__ */ silent(
  'reaction',
  'reaction/set',
  (context) => object({ target: target(context), emojis: listOf(emoji, 0, 3) }),
  ({ emojis }) => emojis.join(''),
);

/** An owner or administrator removes somebody's message from the group. */
export interface ModerationBody {
  readonly target: Target;
  readonly reason?: string;
}

/** A removal by a moderator. */
export const Moderation: ContentType<'moderation', ModerationBody> = /* @__PURE__ */ silent(
  'moderation',
  'moderation/remove',
  (context) => object({ target: target(context), reason: optional(textUpTo(500)) }),
  () => '(message removed)',
);

/** How far a reader has read. */
export interface ReadBody {
  /** The last message that was read; it and everything before it in the conversation. */
  readonly upto: {
    /** Seconds since the epoch. */
    readonly time: number;
    readonly ref: string;
  };
}

/** A read mark. */
export const ReadMark: ContentType<'read', ReadBody> = /* @__PURE__ */ silent(
  'read',
  'read/upto',
  () => object({ upto: object({ time, ref }) }),
  () => '(read)',
);

/** What the sender is doing at this moment. */
export interface TypingBody {
  readonly for: 'text' | 'voice' | 'file';
}

/** Somebody is writing. Shown for 6 seconds, never stored. */
export const Typing: ContentType<'typing', TypingBody> = /* @__PURE__ */ silent(
  'typing',
  'typing/start',
  () => object({ for: literal('text', 'voice', 'file') }),
  () => '…',
);

/** Somebody has stopped writing. */
export const TypingStop: ContentType<'typing/stop', TypingBody> = /* @__PURE__ */ silent(
  'typing/stop',
  'typing/stop',
  () => object({ for: literal('text', 'voice', 'file') }),
  () => '…',
);

/** How long new messages of the conversation live. */
export interface TimerBody {
  /** 0 for ever, else 5 seconds to 90 days. */
  readonly seconds: number;
  readonly note?: string;
}

/** A new timer for disappearing messages. */
export const Timer: ContentType<'timer', TimerBody> = /* @__PURE__ */ silent(
  'timer',
  'timer/set',
  () => object({ seconds: wholeNumber(0, VANISH_RANGE[1]), note: optional(string) }),
  ({ seconds, note }) => note ?? `Disappearing messages: ${seconds} s`,
);

/** A voter's choice: the whole of it, which replaces the earlier one. */
export interface VoteBody {
  readonly target: Target;
  /** Identifiers of the chosen options; none takes the vote back. */
  readonly options: readonly string[];
}

/** A vote in a poll. */
export const Vote: ContentType<'vote', VoteBody> = /* @__PURE__ */ silent(
  'vote',
  'poll/vote',
  (context) => object({ target: target(context), options: listOf(textUpTo(32), 0, 12) }),
  () => '(vote)',
);

/** The author ends a poll. */
export interface PollCloseBody {
  readonly target: Target;
}

/** The end of a poll. */
export const PollClose: ContentType<'poll/close', PollCloseBody> = /* @__PURE__ */ silent(
  'poll/close',
  'poll/close',
  (context) => object({ target: target(context) }),
  () => '(poll closed)',
);

/** A message is pinned in the conversation, or no longer. */
export interface PinBody {
  readonly target: Target;
  readonly on: boolean;
}

/** A pin. */
export const Pin: ContentType<'pin', PinBody> = /* @__PURE__ */ silent(
  'pin',
  'pin/set',
  (context) => object({ target: target(context), on: boolean }),
  ({ on }) => (on ? '(pinned)' : '(no longer pinned)'),
);

/**
 * A customized content that only peers with `chat-1` in their visa get; others would answer that they do not support it.
 *
 * @param name - module and action, such as `reaction/set`
 */
function silent<const Kind extends string, Body>(
  kind: Kind,
  name: `${string}/${string}`,
  body: (context: ContentContext) => Schema<Body>,
  fallback: (body: Body) => string,
): ContentType<Kind, Body> {
  const [mod, act] = name.split('/') as [string, string];
  return defineContent({
    kind,
    match: { type: '204', app: APP, mod, act },
    schema: body,
    fallback,
  });
}
