import { ownMember, ProtocolError, toText } from '@dimp/foundation';
import type {
  AnnotatedMessage,
  Annotation,
  EditAnnotation,
  FileMark,
  VoteAnnotation,
} from './annotation.ts';
import { readPoll } from './poll.ts';
import { registerOf } from './register.ts';

const DAY_MS = 86_400_000;
/** Longest time between the arrival of a message at the station and here; older ones are refused as replays. */
const MAX_DELIVERY_MS = 8 * DAY_MS;

/** Limits that an application may choose. */
export interface MergeLimits {
  /** How long a message can be edited and recalled, in milliseconds; 7 days by default. */
  readonly editWithinMs?: number;
}

/** Kinds whose text can be edited. */
const TEXTS: readonly string[] = ['text', 'quote'];
/** Kinds whose text is a caption. */
const FILES: readonly string[] = ['file', 'image', 'audio', 'video'];

/**
 * Why an annotation does not change a message, or undefined if it may. The answer depends on these two only, not on other
 * annotations, so that the order of arrival does not matter.
 *
 * The code is `policy/unauthorized`, `policy/expired`, or `format/field`.
 */
export function refusalOf(
  message: AnnotatedMessage,
  annotation: Annotation,
  { editWithinMs = 7 * DAY_MS }: MergeLimits = {},
): ProtocolError | undefined {
  switch (annotation.aspect) {
    case 'edit':
    case 'recall':
      if (annotation.author !== message.author) return unauthorized('the author of the message');
      if (annotation.aspect === 'edit' && !agrees(message, annotation)) return otherKind();
      return isLate(message, annotation, editWithinMs) ? expired() : undefined;
    case 'remove':
      return annotation.group && annotation.moderator ? undefined : unauthorized('a moderator');
    case 'pin':
      return !annotation.group || annotation.moderator ? undefined : unauthorized('a moderator');
    case 'close':
      if (message.kind !== 'poll') return otherKind();
      return annotation.author === message.author ? undefined : unauthorized('the author');
    case 'vote':
      return voteRefusal(message, annotation);
    case 'reaction':
      return undefined;
  }
}

/** A text replaces a text, and a caption the caption of the same file. Polls cannot change after votes. */
function agrees(message: AnnotatedMessage, { file }: EditAnnotation): boolean {
  if (file === undefined) return TEXTS.includes(message.kind);
  if (!FILES.includes(message.kind)) return false;
  const original = fileMarkOf(message.content);
  return (
    file.type === original.type && file.URL === original.URL && file.sha256 === original.sha256
  );
}

/** What shows that two contents have the same file. */
export function fileMarkOf(content: AnnotatedMessage['content']): FileMark {
  const [url, digest] = [ownMember(content, 'URL'), ownMember(content, 'sha256')];
  return {
    type: toText(ownMember(content, 'type'), 'type') ?? '',
    ...(typeof url === 'string' ? { URL: url } : {}),
    ...(typeof digest === 'string' ? { sha256: digest } : {}),
  };
}

/**
 * An author can write any time into an edit, but no message is delivered after eight days, so an edit that comes much later was
 * made later.
 */
function isLate(message: AnnotatedMessage, annotation: Annotation, withinMs: number): boolean {
  const { time } = registerOf(null, annotation);
  const written = Math.min(message.time, message.arrived);
  return time - written > withinMs || annotation.arrived - written > withinMs + MAX_DELIVERY_MS;
}

function voteRefusal(
  { kind, content }: AnnotatedMessage,
  vote: VoteAnnotation,
): ProtocolError | undefined {
  const poll = kind === 'poll' ? readPoll(content) : undefined;
  if (poll === undefined) return otherKind();
  const { time } = registerOf(null, vote);
  if (poll.until !== undefined && time > poll.until * 1000) return expired();
  const known = vote.value.every((chosen) => poll.options.some(({ id }) => id === chosen));
  if (!known || (!poll.several && vote.value.length > 1)) {
    return new ProtocolError('format/field', 'options must be those of the poll', {
      details: { field: 'options' },
    });
  }
  return undefined;
}

function unauthorized(who: string): ProtocolError {
  return new ProtocolError('policy/unauthorized', `the sender must be ${who}`);
}

function otherKind(): ProtocolError {
  return new ProtocolError(
    'policy/unauthorized',
    'the message must be of a kind that this changes',
  );
}

function expired(): ProtocolError {
  return new ProtocolError('policy/expired', 'the message must not be older than the limit');
}
