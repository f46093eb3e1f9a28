import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';
import type { Attachment } from '../model/message.ts';

const KINDS: readonly string[] = ['file', 'image', 'audio', 'video'];
/** Types of contents on the wire, by which the pictures of an album are told apart. */
const KIND_OF_TYPE: Readonly<Record<string, Attachment['kind']>> = { 18: 'image', 22: 'video' };
/** Most characters of a picture that is shown as a data URI. */
const MAX_THUMBNAIL = 64 * 1024;
/** Most characters of a waveform: Base64 of 64 bytes. */
const MAX_WAVEFORM = 88;

/** The files of a message. Peers wrote the content, so that members of another form are left out. */
export function attachmentsOf(kind: string, content: JsonObject): readonly Attachment[] {
  if (KINDS.includes(kind)) return [attachmentOf(kind as Attachment['kind'], content)];
  const contents = ownMember(content, 'contents');
  if (kind !== 'album' || !Array.isArray(contents)) return [];
  return (contents as readonly Json[]).filter(isJsonObject).map((each) => {
    const type = String(ownMember(each, 'type'));
    return attachmentOf(KIND_OF_TYPE[type] ?? 'file', each);
  });
}

function attachmentOf(kind: Attachment['kind'], wire: JsonObject): Attachment {
  const name = ownMember(wire, 'filename');
  const size = ownMember(wire, 'size') ?? ownMember(wire, 'length');
  const small = ownMember(wire, 'thumbnail') ?? ownMember(wire, 'snapshot');
  const duration = ownMember(wire, 'duration');
  const waveform = ownMember(wire, 'waveform');
  return {
    kind,
    ...(typeof name === 'string' ? { name } : {}),
    ...(isCount(size) ? { size } : {}),
    // A URL would tell its owner that the message is read.
    ...(isPicture(small) ? { thumbnail: small } : {}),
    ...(isCount(duration) ? { duration } : {}),
    ...(typeof waveform === 'string' && waveform.length <= MAX_WAVEFORM ? { waveform } : {}),
    state: typeof ownMember(wire, 'URL') === 'string' ? 'remote' : 'here',
  };
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

function isPicture(value: Json | undefined): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MAX_THUMBNAIL &&
    /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/.test(value)
  );
}
