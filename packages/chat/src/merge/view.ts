import { ownMember } from '@dimp/foundation';
import type { PollResult, ReactionCount, TextVersion } from '../model/message.ts';
import type { AnnotatedMessage, EditedText } from './annotation.ts';
import type { Annotations, VoterVotes } from './apply.ts';
import { readPoll } from './poll.ts';

/** Most IDs below one reaction. */
const MAX_SHOWN = 50;

/** The text that is shown of a message: that of the newest edit, else its own. Undefined after a recall. */
export function currentText(
  { content }: Pick<AnnotatedMessage, 'content'>,
  { edits, recalled }: Annotations,
): EditedText | undefined {
  if (recalled !== undefined) return undefined;
  const edited = edits?.at(-1)?.value;
  if (edited !== undefined) return edited;
  const [text, format] = [ownMember(content, 'text'), ownMember(content, 'format')];
  if (typeof text !== 'string') return undefined;
  return typeof format === 'string' ? { text, format } : { text };
}

/** The earlier texts of an edited message, the oldest first. */
export function earlierTexts(
  message: Pick<AnnotatedMessage, 'content'>,
  { edits = [] }: Annotations,
): readonly TextVersion[] {
  const first = currentText(message, {})?.text ?? '';
  return edits.map(({ time }, at) => ({ text: edits[at - 1]?.value.text ?? first, until: time }));
}

/** The reactions to a message, those of most people first. @param me - entity of the user */
export function reactionCounts(
  { reactions = [] }: Annotations,
  me: string,
): readonly ReactionCount[] {
  const byEmoji = new Map<string, { first: number; by: string[] }>();
  for (const { by, time, value } of reactions) {
    for (const emoji of value) {
      const entry = byEmoji.get(emoji) ?? { first: time, by: [] };
      byEmoji.set(emoji, entry);
      entry.first = Math.min(entry.first, time);
      entry.by.push(by);
    }
  }
  return [...byEmoji]
    .sort(([, a], [, b]) => b.by.length - a.by.length || a.first - b.first)
    .map(([emoji, { by }]) => ({
      emoji,
      count: by.length,
      mine: by.includes(me),
      by: by.slice(0, MAX_SHOWN),
    }));
}

/** Whose votes count, and when. */
export interface PollOptions {
  /** Entity of the user. */
  readonly me: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether a voter is a member at present; all are by default. */
  readonly isMember?: (voter: string) => boolean;
}

/** The result of a poll at this moment; undefined for a message that is not a poll. */
export function pollResult(
  { content }: Pick<AnnotatedMessage, 'content'>,
  { votes = [], closed, recalled }: Annotations,
  { me, now, isMember = () => true }: PollOptions,
): PollResult | undefined {
  const poll = recalled === undefined ? readPoll(content) : undefined;
  if (poll === undefined) return undefined;
  const counted = votes.filter(({ by }) => isMember(by)).map((each) => chosenBy(each, closed));
  const mine = votes.filter(({ by }) => by === me).flatMap((each) => chosenBy(each, closed));
  const ended = poll.until !== undefined && now > poll.until * 1000;
  return {
    question: poll.question,
    several: poll.several ?? false,
    closed: ended || (closed !== undefined && closed <= now),
    voters: counted.filter((chosen) => chosen.length > 0).length,
    options: poll.options.map(({ id, text }) => ({
      id,
      text,
      votes: counted.filter((chosen) => chosen.includes(id)).length,
      mine: mine.includes(id),
    })),
  };
}

/** The newest vote before the end of the poll. */
function chosenBy({ votes }: VoterVotes, closed = Number.POSITIVE_INFINITY): readonly string[] {
  return votes.filter(({ time }) => time <= closed).at(-1)?.value ?? [];
}
