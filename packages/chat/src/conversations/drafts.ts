import type { Protocol } from '@dimp/core';
import { type Content, type Draft, isContentOf } from '@dimp/dkd';
import { CaptionEdit, Edit, type OwnTarget, Recall, type Target } from '@dimp/extensions/chat';
import { Quote, Text } from '@dimp/extensions/contents';
import { definedOnly, type JsonObject, ProtocolError, toText } from '@dimp/foundation';
import { cut } from '../history/chat-record.ts';
import { type MessageRecord, shownText } from '../history/message-record.ts';
import type { ChatMention } from '../model/chats.ts';
import { addedMembers, withMembers } from './members.ts';

/** Most characters of a quoted text. */
const MAX_QUOTE = 200;
/** Edits and recalls have the time of the original for so long, in milliseconds; later ones would be refused as too old. */
const SAME_TIME_MS = 24 * 60 * 60_000;
/** What clients show that do not know recalls. */
const RECALLED = '_(message recalled)_';
/** Members that belong to the message and not to what it says. */
const NOT_FORWARDED: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'time',
  'type',
  'sn',
  'group',
  'origin',
  'mentions',
  'vanish',
  'groupState',
  'sender',
  'receiver',
  'after',
  'bound',
  '_',
]);

/** A content to send, with serial number and time of the message that it replaces. */
export interface Replacement {
  readonly draft: Draft;
  readonly sn: number;
  /** Seconds since the epoch; absent for now. */
  readonly time?: number;
}

/** The message that a silent content is about. */
export function targetOf(record: MessageRecord, { parseID }: Protocol): Target {
  const { ref, sender, content, time } = record;
  return { sender: parseID(sender), sn: serialOf(content), time: time / 1000, ref };
}

/** A text with mentions. */
export function textDraft(
  text: string,
  mentions: 'all' | readonly ChatMention[] | undefined,
): Draft {
  const draft = Text.create({ text });
  if (mentions === undefined) return draft;
  return withMembers(draft, {
    mentions:
      mentions === 'all' ? 'all' : mentions.map(({ id, at, length }) => ({ did: id, at, length })),
  });
}

/**
 * A draft that answers a message: a text becomes a quote, others get the origin as a member.
 *
 * @param to - ID of the peer or the group
 */
export function replyDraft(
  draft: Draft,
  quoted: MessageRecord,
  protocol: Protocol,
  { receiver }: { readonly receiver: string },
): Draft {
  const { sender, sn, time, ref } = targetOf(quoted, protocol);
  const text = cut(shownText(quoted), MAX_QUOTE);
  const type = toText(quoted.content['type'], 'type') ?? '';
  const origin = { sender, receiver: protocol.parseID(receiver), type, sn, time, ref, text };
  if (isTextDraft(draft)) {
    const { text: own, format } = draft.body;
    const quote = Quote.create({ text: own, origin });
    return withMembers(quote, { ...definedOnly({ format }), ...addedMembers(draft) });
  }
  return withMembers(draft, {
    origin: { ...origin, sender: sender.text, receiver },
  });
}

/** The content that replaces the text of an own message. @param now - milliseconds since the epoch */
export function editDraft(record: MessageRecord, text: string, now: number): Replacement {
  const origin = originOf(record);
  const isFile = record.kind !== 'text' && record.kind !== 'quote';
  const edited = now / 1000;
  const draft: Draft = isFile
    ? CaptionEdit.create({ text, edited, origin, file: { ...record.content, type: origin.type } })
    : Edit.create({ text, edited, origin });
  return { draft, ...placeOf(record, now) };
}

/** The content that takes an own message back. @param now - milliseconds since the epoch */
export function recallDraft(record: MessageRecord, now: number): Replacement {
  const origin = originOf(record);
  const body = { text: RECALLED, format: 'markdown', edited: now / 1000, muted: true, origin };
  return { draft: Recall.create(body), ...placeOf(record, now) };
}

/**
 * The content of a message for another conversation.
 *
 * @param wire - with the bytes of its files
 * @throws `unsupported/content` for a message that cannot be passed on
 */
export function forwardDraft(record: MessageRecord, wire: JsonObject, protocol: Protocol): Draft {
  const { kind, annotations } = record;
  const edited = annotations?.edits?.at(-1)?.value.text;
  const isHere = annotations?.recalled === undefined && kind !== 'note';
  const content: Content | undefined = isHere
    ? protocol.contents.parse({ ...wire, ...(edited === undefined ? {} : { text: edited }) })
    : undefined;
  if (content === undefined || content.kind === 'unknown') {
    throw new ProtocolError('unsupported/content', 'the message must be of a known kind', {
      details: { kind },
    });
  }
  const rest = Object.fromEntries(
    Object.entries(wire).filter(([name]) => !NOT_FORWARDED.has(name)),
  );
  const draft: Draft =
    // A quote without the quoted message is a text.
    isContentOf(content, Quote)
      ? Text.create({ text: content.body.text })
      : { kind: content.kind, body: content.body };
  return withMembers(draft, { ...rest, forwarded: true });
}

function originOf({ content, time, ref }: MessageRecord): OwnTarget & { readonly type: string } {
  const type = toText(content['type'], 'type') ?? '1';
  return { type, sn: serialOf(content), time: time / 1000, ref };
}

function placeOf({ content, time }: MessageRecord, now: number): { sn: number; time?: number } {
  const sn = serialOf(content);
  return now - time <= SAME_TIME_MS ? { sn, time: time / 1000 } : { sn };
}

function serialOf(content: JsonObject): number {
  const sn = Number(content['sn']);
  return Number.isFinite(sn) ? sn : 0;
}

function isTextDraft(draft: Draft): draft is ReturnType<typeof Text.create> {
  return draft.kind === 'text';
}
