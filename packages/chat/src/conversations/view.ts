import type { Protocol } from '@dimp/core';
import { isRef } from '@dimp/extensions/chat';
import {
  isJsonObject,
  isProtocolError,
  type JsonObject,
  ownMember,
  toText,
} from '@dimp/foundation';
import { type ChatRecord, cut, type Mark } from '../history/chat-record.ts';
import { annotated, type MessageRecord, shownText } from '../history/message-record.ts';
import { NO_ANNOTATIONS } from '../merge/apply.ts';
import { refsAround } from '../merge/target.ts';
import { earlierTexts, pollResult, reactionCounts } from '../merge/view.ts';
import type { ChatMessage, MessageState, QuotedMessage } from '../model/message.ts';
import { attachmentsOf } from './attachments-of.ts';
import { readersOf } from './readers.ts';

/** Most characters of a quoted text. */
const MAX_QUOTE = 200;

/** What a message is shown with. */
export interface ViewContext {
  readonly protocol: Protocol;
  /** Entity of the user. */
  readonly user: string;
  readonly chat: ChatRecord;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly nameOf: (entity: string) => Promise<string>;
  /** Finds a message of the same conversation. */
  readonly message: (ref: string) => Promise<MessageRecord | undefined>;
  /** Whether the bytes of a file that came inside a message are here. */
  readonly isMember: (entity: string) => boolean;
}

/** Makes the message that user interfaces see. */
export async function viewOf(record: MessageRecord, context: ViewContext): Promise<ChatMessage> {
  const { user, chat, now, nameOf, isMember } = context;
  const { ref, sender, time, stamp, arrived, kind, content, out = false } = record;
  const annotations = record.annotations ?? NO_ANNOTATIONS;
  const { recalled } = annotations;
  const message = annotated(record);
  const poll = pollResult(message, annotations, { me: user, now, isMember });
  const replyTo = await quotedBy(record, context);
  const readers = out ? readersOf(chat.readers, record) : [];
  const state = out ? stateOf(record, readers) : undefined;
  return {
    ref,
    sender,
    senderName: await nameOf(sender),
    mine: out,
    time,
    stamp,
    arrived,
    kind: recalled === undefined ? kind : 'recalled',
    content: recalled === undefined ? content : {},
    text: shownText(record),
    ...(state === undefined ? {} : { state }),
    ...(record.error === undefined || state !== 'failed' ? {} : { error: record.error }),
    ...(replyTo === undefined ? {} : { replyTo }),
    edits: recalled === undefined ? earlierTexts(message, annotations) : [],
    ...(recalled === undefined ? {} : { recalled }),
    reactions: reactionCounts(annotations, user),
    ...(poll === undefined ? {} : { poll }),
    readBy: readers,
    mentionsMe: record.mentionsMe ?? false,
    forwarded: ownMember(content, 'forwarded') === true,
    starred: record.starred ?? false,
    pinned: annotations.pinned?.value ?? false,
    attachments: recalled === undefined ? attachmentsOf(kind, content) : [],
    ...(record.vanishesAt === undefined ? {} : { vanishesAt: record.vanishesAt }),
  };
}

/** The state of an outgoing message: `read` when all readers that were asked have read it. */
export function stateOf(
  { state, receivers }: Pick<MessageRecord, 'state' | 'receivers'>,
  readers: readonly string[],
): MessageState | undefined {
  if (state === undefined || state === 'failed' || readers.length === 0) return state;
  if (receivers === undefined) return 'read';
  return Object.keys(receivers).every((each) => readers.includes(each)) ? 'read' : state;
}

/** The state of the newest message, as the list shows it. */
export function lastState(
  { readers }: Pick<ChatRecord, 'readers'>,
  last: Mark & Pick<MessageRecord, 'state' | 'out'>,
  kind: ChatRecord['kind'],
): MessageState | undefined {
  if (!last.out) return undefined;
  const read = kind === 'person' ? readersOf(readers, last) : [];
  return stateOf(last, read);
}

/** The message that a reply quotes: the one that is here if it is, else what its sender says. */
async function quotedBy(
  { content, annotations }: MessageRecord,
  { protocol, nameOf, message }: ViewContext,
): Promise<QuotedMessage | undefined> {
  const origin = ownMember(content, 'origin');
  if (annotations?.recalled !== undefined || !isJsonObject(origin)) return undefined;
  const named = refsOfOrigin(origin, protocol);
  if (named === undefined) return undefined;
  for (const ref of named.refs) {
    const quoted = await message(ref);
    if (quoted === undefined) continue;
    return {
      ref: quoted.ref,
      sender: quoted.sender,
      senderName: await nameOf(quoted.sender),
      text: cut(shownText(quoted), MAX_QUOTE),
      isHere: true,
    };
  }
  const said = ownMember(origin, 'text');
  const [ref] = named.refs;
  return {
    ...(ref === undefined ? {} : { ref }),
    sender: named.sender,
    senderName: await nameOf(named.sender),
    // A message that disappears leaves nothing behind in quotes of it.
    text:
      typeof said === 'string' && ownMember(content, 'vanish') === undefined
        ? cut(said, MAX_QUOTE)
        : '',
    isHere: false,
  };
}

/** The names that a quoted message may have. A peer wrote them, so damage is no error. */
function refsOfOrigin(
  origin: JsonObject,
  { parseID }: Protocol,
): { readonly sender: string; readonly refs: readonly string[] } | undefined {
  try {
    const sender = parseID(ownMember(origin, 'sender'));
    const ref = ownMember(origin, 'ref');
    const sn = Number(toText(ownMember(origin, 'sn'), 'sn'));
    const time = Number(toText(ownMember(origin, 'time'), 'time'));
    const refs = [
      // Another text may not be possible in a path of the store.
      ...(typeof ref === 'string' && isRef(ref) ? [ref] : []),
      ...(Number.isFinite(sn) && Number.isFinite(time) ? refsAround({ sender, sn, time }) : []),
    ];
    return { sender: sender.entity, refs: [...new Set(refs)] };
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}
