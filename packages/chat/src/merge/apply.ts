import type { AnnotatedMessage, Annotation, EditedText } from './annotation.ts';
import {
  type AuthorRegister,
  addToNewest,
  later,
  type Register,
  registerOf,
  setAuthorRegister,
} from './register.ts';
import { type MergeLimits, refusalOf } from './rules.ts';

/** Most texts that are kept of an edited message, without the first. */
const MAX_EDITS = 10;
/** Most authors whose reactions or votes a message keeps. */
const MAX_AUTHORS = 1024;
/** Most votes that are kept of one voter, so that those after the end of the poll do not hide the last valid one. */
const MAX_VOTES = 4;

/** What was said about a message later. Plain JSON; a part of the record of the message. */
export interface Annotations {
  /** Edits in ascending order; the last is the text that is shown. */
  readonly edits?: readonly Register<EditedText>[];
  /** Set for ever; nothing else is kept then. */
  readonly recalled?: RecallMark;
  readonly reactions?: readonly AuthorRegister<readonly string[]>[];
  /** Votes of all voters, each voter's in ascending order. */
  readonly votes?: readonly VoterVotes[];
  /** When the author ended the poll, in milliseconds since the epoch. */
  readonly closed?: number;
  readonly pinned?: Register<boolean>;
}

/** Who took a message back. */
export interface RecallMark {
  /** Entity of the author or moderator. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly reason?: string;
}

/** The newest votes of one voter. */
export interface VoterVotes {
  /** Entity of the voter. */
  readonly by: string;
  /** In ascending order. */
  readonly votes: readonly Register<readonly string[]>[];
}

/** A message without annotations. */
export const NO_ANNOTATIONS: Annotations = {};

/**
 * Applies an annotation to what is known of a message. The result is the same for any order and any repetition of annotations.
 * An annotation that may not change the message leaves it as it is; `refusalOf` says why.
 *
 * @example
 * ```ts
 * record = { ...record, annotations: applyAnnotation(record, record.annotations, annotation) };
 * ```
 */
export function applyAnnotation(
  message: AnnotatedMessage,
  known: Annotations,
  annotation: Annotation,
  limits?: MergeLimits,
): Annotations {
  if (refusalOf(message, annotation, limits) !== undefined) return known;
  if (annotation.aspect === 'recall' || annotation.aspect === 'remove') {
    return { recalled: earlier(known.recalled, recallMark(annotation)) };
  }
  return known.recalled === undefined ? changed(known, annotation) : known;
}

function changed(
  known: Annotations,
  annotation: Exclude<Annotation, { readonly aspect: 'recall' | 'remove' }>,
): Annotations {
  const { author: by } = annotation;
  switch (annotation.aspect) {
    case 'edit': {
      const edit = registerOf(annotation.value, annotation);
      return { ...known, edits: addToNewest(known.edits ?? [], edit, MAX_EDITS) };
    }
    case 'reaction': {
      const reaction = { by, ...registerOf([...new Set(annotation.value)], annotation) };
      return {
        ...known,
        reactions: setAuthorRegister(known.reactions ?? [], reaction, MAX_AUTHORS),
      };
    }
    case 'vote': {
      const vote = registerOf([...new Set(annotation.value)].sort(), annotation);
      return { ...known, votes: addVote(known.votes ?? [], by, vote) };
    }
    case 'close': {
      const { time } = registerOf(null, annotation);
      return { ...known, closed: Math.min(time, known.closed ?? time) };
    }
    case 'pin': {
      const pin = registerOf(annotation.value, annotation);
      return { ...known, pinned: known.pinned === undefined ? pin : later(known.pinned, pin) };
    }
  }
}

function addVote(
  known: readonly VoterVotes[],
  by: string,
  vote: Register<readonly string[]>,
): readonly VoterVotes[] {
  const own = known.find((each) => each.by === by);
  const others = known.filter((each) => each !== own);
  const all = [...others, { by, votes: addToNewest(own?.votes ?? [], vote, MAX_VOTES) }];
  const oldest = all.length > MAX_AUTHORS ? all.reduce(olderVoter) : undefined;
  return all.filter((each) => each !== oldest).sort((a, b) => (a.by < b.by ? -1 : 1));
}

function olderVoter(a: VoterVotes, b: VoterVotes): VoterVotes {
  const order = newestVote(a) - newestVote(b);
  return order < 0 || (order === 0 && a.by < b.by) ? a : b;
}

function newestVote({ votes }: VoterVotes): number {
  return votes.at(-1)?.time ?? 0;
}

function recallMark(
  annotation: Extract<Annotation, { readonly aspect: 'recall' | 'remove' }>,
): RecallMark {
  const reason = annotation.aspect === 'remove' ? annotation.reason : undefined;
  return {
    by: annotation.author,
    time: registerOf(null, annotation).time,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The first recall is the one that took effect. */
function earlier(known: RecallMark | undefined, added: RecallMark): RecallMark {
  if (known === undefined) return added;
  if (known.time !== added.time) return known.time < added.time ? known : added;
  return JSON.stringify(known) <= JSON.stringify(added) ? known : added;
}
