import { type Content, isContentOf } from '@dimp/dkd';
import type { ArrayBody } from '@dimp/endpoint';
import { isCommand } from '@dimp/endpoint';
import { ReadMark, Timer, Typing, TypingStop } from '@dimp/extensions/chat';
import { ownMember } from '@dimp/foundation';

/** Types of contents that belong to an application, not to a conversation. */
const FOR_APPLICATIONS: readonly string[] = ['160', '204'];
/** Kinds that an album may have. */
const PICTURES: readonly string[] = ['image', 'video'];
/** Most pictures of an album. */
const MAX_PICTURES = 30;

/** What a content is for a conversation, apart from annotations. */
export type ContentRole = 'read' | 'typing' | 'timer' | 'message' | 'neither';

/** Tells what a content is that is not an annotation. */
export function roleOf(content: Content): ContentRole {
  if (isContentOf(content, ReadMark)) return 'read';
  if (isContentOf(content, Typing) || isContentOf(content, TypingStop)) return 'typing';
  if (isContentOf(content, Timer)) return 'timer';
  if (isCommand(content) || FOR_APPLICATIONS.includes(content.type)) return 'neither';
  // Other clients store such a content and never show it.
  return ownMember(content.wire, 'hidden') === true ? 'neither' : 'message';
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
