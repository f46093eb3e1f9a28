import { type Content, isContentOf } from '@dimp/dkd';
import {
  CaptionEdit,
  Edit,
  type Mentions,
  Moderation,
  type OwnTarget,
  Pin,
  PollClose,
  Reaction,
  Recall,
  type Target,
  Vote,
} from '@dimp/extensions/chat';
import { definedOnly } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Annotation, EditedText, TargetName } from './annotation.ts';
import { fileMarkOf } from './rules.ts';
import { refsAround } from './target.ts';

/** How a content came. */
export interface AnnotationSource {
  readonly sender: ID;
  /** Of the content, or of the envelope if the content has none, in milliseconds since the epoch. */
  readonly time: number;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  /** Whether the sender is the owner or an administrator of the group at this moment. */
  readonly moderator: boolean;
  readonly group: boolean;
}

/** What a content says about an earlier message; undefined for a content that is a message itself. */
export function annotationOf(content: Content, source: AnnotationSource): Annotation | undefined {
  const { sender, ...rest } = source;
  const base = { ...rest, author: sender.entity };
  if (isContentOf(content, Edit)) {
    const { text, format, mentions, edited, origin } = content.body;
    const value: EditedText = {
      text,
      ...definedOnly({ format, mentions: mentions && plainMentions(mentions) }),
    };
    const target = ownTargetOf(content, origin, source);
    return { ...base, aspect: 'edit', target, time: milliseconds(edited), value };
  }
  if (isContentOf(content, CaptionEdit)) {
    const { text, edited, origin, file } = content.body;
    const target = ownTargetOf(content, origin, source);
    const time = milliseconds(edited);
    return { ...base, aspect: 'edit', target, time, value: { text }, file: fileMarkOf(file) };
  }
  if (isContentOf(content, Recall)) {
    const { edited, origin } = content.body;
    const time = edited === undefined ? source.time : milliseconds(edited);
    return { ...base, aspect: 'recall', target: ownTargetOf(content, origin, source), time };
  }
  if (isContentOf(content, Moderation)) {
    const { target, reason } = content.body;
    return { ...base, aspect: 'remove', target: targetOf(target), ...definedOnly({ reason }) };
  }
  if (isContentOf(content, Reaction)) {
    const { target, emojis } = content.body;
    return { ...base, aspect: 'reaction', target: targetOf(target), value: emojis };
  }
  if (isContentOf(content, Vote)) {
    const { target, options } = content.body;
    return { ...base, aspect: 'vote', target: targetOf(target), value: options };
  }
  if (isContentOf(content, PollClose)) {
    return { ...base, aspect: 'close', target: targetOf(content.body.target) };
  }
  if (isContentOf(content, Pin)) {
    const { target, on } = content.body;
    return { ...base, aspect: 'pin', target: targetOf(target), value: on };
  }
  return undefined;
}

function targetOf({ sender, sn, time, ref }: Target): TargetName {
  const refs = [ref, ...refsAround({ sender, sn, time })];
  return { refs: [...new Set(refs)], author: sender.entity, sn };
}

/**
 * Edits and recalls of deployed clients name their message by its serial number and time only, which they have themselves. Its
 * author is their sender.
 */
function ownTargetOf(content: Content, origin: OwnTarget, source: AnnotationSource): TargetName {
  const { sender } = source;
  const sn = origin.sn ?? content.sn;
  const named = origin.ref === undefined ? [] : [origin.ref];
  const times = origin.time === undefined ? [source.time / 1000] : [origin.time];
  const refs = [...named, ...times.flatMap((time) => refsAround({ sender, sn, time }))];
  return { refs: [...new Set(refs)], author: sender.entity, sn };
}

function plainMentions(mentions: Mentions): EditedText['mentions'] {
  if (mentions === 'all') return mentions;
  return mentions.map(({ did, at, length }) => ({ did: did.text, at, length }));
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
