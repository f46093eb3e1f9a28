/**
 * Message kinds that people expect of a messenger: edits, recalls, reactions, polls, read marks, and others.
 *
 * @module
 */

import { CaptionEdit } from './chat/caption.ts';
import {
  Moderation,
  Pin,
  PollClose,
  Reaction,
  ReadMark,
  Timer,
  Typing,
  TypingStop,
  Vote,
} from './chat/silent.ts';
import { Edit, Location, Poll, Recall } from './chat/visible.ts';

export type { CaptionEditBody } from './chat/caption.ts';
export { EMOJI_PATTERN, isEmoji } from './chat/emoji.ts';
export { type MessageMarks, marksOf } from './chat/marks.ts';
export { type RefParts, refOf } from './chat/ref.ts';
export { replyBody } from './chat/reply.ts';
export type {
  ModerationBody,
  PinBody,
  PollCloseBody,
  ReactionBody,
  ReadBody,
  TimerBody,
  TypingBody,
  VoteBody,
} from './chat/silent.ts';
export { type OwnTarget, type Target, type TargetMessage, targetOf } from './chat/target.ts';
export {
  type EditBody,
  type LocationBody,
  type PollBody,
  type PollOption,
  type PollQuestion,
  pollBody,
  pollQuestion,
  type RecallBody,
} from './chat/visible.ts';
export { type Mention, type Mentions, mentionsInside } from './fields/mentions.ts';
export type { LinkPreview } from './fields/preview.ts';
export { isRef } from './fields/ref.ts';
export { VANISH_RANGE } from './fields/vanish.ts';
export {
  CaptionEdit,
  Edit,
  Location,
  Moderation,
  Pin,
  Poll,
  PollClose,
  Reaction,
  ReadMark,
  Recall,
  Timer,
  Typing,
  TypingStop,
  Vote,
};

/** Named in a visa's `accepts` by programs that read the contents of {@link chat}. */
export const ACCEPTS_CHAT = 'chat-1';

/** All contents of {@link chat}. */
export const chatContents: readonly [
  typeof Edit,
  typeof CaptionEdit,
  typeof Recall,
  typeof Poll,
  typeof Location,
  typeof Reaction,
  typeof Moderation,
  typeof ReadMark,
  typeof Typing,
  typeof TypingStop,
  typeof Timer,
  typeof Vote,
  typeof PollClose,
  typeof Pin,
] = [
  Edit,
  CaptionEdit,
  Recall,
  Poll,
  Location,
  Reaction,
  Moderation,
  ReadMark,
  Typing,
  TypingStop,
  Timer,
  Vote,
  PollClose,
  Pin,
];

/** The extension that {@link chat} makes. */
export interface ChatExtension {
  readonly name: 'chat';
  readonly requires: readonly ['standard'];
  readonly contents: typeof chatContents;
  readonly abilities: readonly [typeof ACCEPTS_CHAT];
}

/**
 * Message kinds of messengers, beside those of `standard()`.
 *
 * @example
 * ```ts
 * const protocol = createProtocol(standard(), chat());
 * ```
 */
export function chat(): ChatExtension {
  return {
    name: 'chat',
    requires: ['standard'],
    contents: chatContents,
    abilities: [ACCEPTS_CHAT],
  };
}
