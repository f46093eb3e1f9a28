import { type Content, isContentOf } from '@dimp/dkd';
import type { ArrayBody } from '@dimp/endpoint';
import { isCommand } from '@dimp/endpoint';
import {
  CaptionEdit,
  Edit,
  Moderation,
  Pin,
  PollClose,
  Reaction,
  ReadMark,
  Recall,
  Timer,
  Typing,
  TypingStop,
  Vote,
} from '@dimp/extensions/chat';
import { ownMember } from '@dimp/foundation';

/** Types of contents that belong to an application, not to a conversation. */
const FOR_APPLICATIONS: readonly string[] = ['160', '204'];
/** Kinds that an album may have. */
const PICTURES: readonly string[] = ['image', 'video'];
/** Most pictures of an album. */
const MAX_PICTURES = 30;

/** Kinds that say something about an earlier message. */
const ANNOTATIONS: readonly string[] = /* @__PURE__ */ [
  Edit,
  CaptionEdit,
  Recall,
  Reaction,
  Moderation,
  Vote,
  PollClose,
  Pin,
].map(({ kind }) => kind);

/** What a content is for a conversation. */
export type ContentRole = 'annotation' | 'read' | 'typing' | 'timer' | 'message' | 'neither';

/** Tells what a content is for a conversation. */
export function roleOf(content: Content): ContentRole {
  if (ANNOTATIONS.includes(content.kind)) return 'annotation';
  if (isContentOf(content, ReadMark)) return 'read';
  if (isContentOf(content, Typing) || isContentOf(content, TypingStop)) return 'typing';
  if (isContentOf(content, Timer)) return 'timer';
  if (isCommand(content) || FOR_APPLICATIONS.includes(content.type)) return 'neither';
  // Other clients store such a content and never show it.
  return ownMember(content.wire, 'hidden') === true ? 'neither' : 'message';
}

/** Kinds of files by their types on the wire. */
const FILES: Readonly<Record<string, string>> = { 18: 'image', 20: 'audio', 22: 'video' };

/** The kind under which a content is shown. An edit whose message is not here is shown as a message of its own. */
export function kindOfMessage({ kind, type }: Content): string {
  if (kind === Edit.kind) return 'text';
  return kind === CaptionEdit.kind ? (FILES[type] ?? 'file') : kind;
}

/** Whether an array is an album, which is one message. */
export function isAlbum(array: Content): boolean {
  if (array.kind !== 'array') return false;
  const { contents } = array.body as ArrayBody;
  return (
    contents.length > 1 &&
    contents.length <= MAX_PICTURES &&
    contents.every(({ kind }) => PICTURES.includes(kind))
  );
}

/** Whether a content is the first of its album, which stands for all. */
export function isFirstOf(array: Content, content: Content): boolean {
  return (array.body as ArrayBody).contents[0]?.sn === content.sn;
}
