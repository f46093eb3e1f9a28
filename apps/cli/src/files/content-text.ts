import type { FileLocation } from '@dimp/client/files';
import type { Content } from '@dimp/dkd';
import { protocol } from '../account/protocol.ts';
import { shortened, sizeText } from '../terminal/text.ts';

/** Kinds of contents with a file. */
export const FILE_KINDS: readonly string[] = ['file', 'image', 'audio', 'video'];

/** Text of a content, which may have several lines. */
export function contentText(content: Content): string {
  if (FILE_KINDS.includes(content.kind)) {
    const { filename = 'without name', size } = content.body as FileLocation;
    const length = size === undefined ? '' : `, ${sizeText(size)}`;
    return `[${content.kind}: ${shortened(filename)}${length}]`;
  }
  return protocol.contents.fallback(content) ?? `[${content.kind}]`;
}
