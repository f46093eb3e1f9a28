import type { IncomingMessage } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import type { Content } from '@dimp/dkd';
import { encodeHex, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { HistoryEntry } from './history.ts';
import { withoutSecrets } from './inspect/redact.ts';
import { protocol } from './protocol.ts';
import { printable, shortened, sizeText, timeText } from './text.ts';

/** Kinds of contents that are files. */
export const FILE_KINDS: readonly string[] = ['file', 'image', 'audio', 'video'];

/** Person or group that a message belongs to. */
export function conversationOf({ envelope, content, user }: IncomingMessage): ID {
  const group = content.group ?? envelope.group;
  if (group !== undefined && !group.isBroadcast) return group;
  return envelope.sender.entity === user.entity ? envelope.receiver : envelope.sender;
}

/** A content in words, on as many lines as it has. */
export function contentText(content: Content): string {
  if (FILE_KINDS.includes(content.kind)) {
    const { filename = 'without name', size } = content.body as FileLocation;
    const length = size === undefined ? '' : `, ${sizeText(size)}`;
    return `[${content.kind}: ${shortened(filename)}${length}]`;
  }
  return protocol.contents.fallback(content) ?? `[${content.kind}]`;
}

/** A message as JSON. Keys of files stay out: `--save` downloads them. */
export function messageFacts(message: IncomingMessage): JsonObject {
  const { id, envelope, content, arrived, user } = message;
  const file = FILE_KINDS.includes(content.kind) ? (content.body as FileLocation) : undefined;
  return {
    id,
    sender: envelope.sender.text,
    receiver: envelope.receiver.text,
    user: user.text,
    group: (content.group ?? envelope.group)?.text,
    time: content.time ?? envelope.time,
    arrived: arrived / 1000,
    kind: content.kind,
    sn: content.sn,
    text: contentText(content),
    file:
      file === undefined
        ? undefined
        : {
            filename: file.filename,
            url: file.URL,
            size: file.size,
            sha256: file.sha256 === undefined ? undefined : encodeHex(file.sha256),
          },
    content: withoutSecrets(content.wire),
  };
}

/** A message for people: when, who, in which group, what. */
export function messageLine(message: IncomingMessage, nameOf: (id: ID) => string): string {
  const { envelope, content } = message;
  const group = content.group ?? envelope.group;
  const where = group === undefined || group.isBroadcast ? '' : ` in ${nameOf(group)}`;
  const time = clockText(content.time ?? envelope.time);
  const [first = '', ...more] = printable(contentText(content)).split('\n');
  const head = `${time} ${printable(nameOf(envelope.sender))}${printable(where)}: ${first}`;
  return [head, ...more.map((line) => `      ${line}`)].join('\n');
}

/** What is kept of a message. */
export function historyEntry({ id, envelope, content }: IncomingMessage): HistoryEntry {
  return {
    id,
    direction: 'in',
    sender: envelope.sender.text,
    kind: content.kind,
    text: contentText(content),
    time: content.time ?? envelope.time,
  };
}

/** Day and minute of a time in seconds since the epoch, as clocks here show it. */
export function clockText(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return timeText(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
