import type { IncomingMessage } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import type { Content } from '@dimp/dkd';
import { encodeHex, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { withoutSecrets } from '../inspect/redact.ts';
import type { People } from '../people/people.ts';
import { printable, shortened, sizeText, timeText } from '../terminal/text.ts';
import type { HistoryEntry } from './history.ts';

/** Kinds of contents with a file. */
export const FILE_KINDS: readonly string[] = ['file', 'image', 'audio', 'video'];

/** The person or group of the conversation that a message belongs to. */
export function conversationOf(message: IncomingMessage): ID {
  const { envelope, user } = message;
  return (
    groupOf(message) ??
    (envelope.sender.entity === user.entity ? envelope.receiver : envelope.sender)
  );
}

/** Text of a content, which may have several lines. */
export function contentText(content: Content): string {
  if (FILE_KINDS.includes(content.kind)) {
    const { filename = 'without name', size } = content.body as FileLocation;
    const length = size === undefined ? '' : `, ${sizeText(size)}`;
    return `[${content.kind}: ${shortened(filename)}${length}]`;
  }
  return protocol.contents.fallback(content) ?? `[${content.kind}]`;
}

/** A message in the form of the output. */
export interface Shown {
  readonly facts: JsonObject;
  /** Printable lines. */
  readonly line: string;
}

/** Formats a message: time, sender, group, text. */
export async function shownMessage(message: IncomingMessage, people: People): Promise<Shown> {
  const { envelope, content } = message;
  const group = groupOf(message);
  const facts: JsonObject = {
    ...messageFacts(message),
    from: await people.facts(envelope.sender),
    in: group === undefined ? undefined : await people.facts(group),
  };
  const where = group === undefined ? '' : ` in ${await people.label(group)}`;
  const who = `${await people.label(envelope.sender)}${where}`;
  return { facts, line: saidLine(content.time ?? envelope.time, who, contentText(content)) };
}

/** Formats a message for a terminal; further lines are indented. @param who - already printable */
export function saidLine(time: number, who: string, text: string): string {
  const [first = '', ...more] = printable(text).split('\n');
  return [`${clockText(time)} ${who}: ${first}`, ...more.map((line) => `      ${line}`)].join('\n');
}

/** The group that a message was sent to. */
export function groupOf({ envelope, content }: IncomingMessage): ID | undefined {
  const group = content.group ?? envelope.group;
  return group === undefined || group.isBroadcast ? undefined : group;
}

/** JSON facts from the message itself. File keys are left out; `--save` downloads the files. */
function messageFacts(message: IncomingMessage): JsonObject {
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

/** History entry of a received message. */
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

/** Formats seconds since the epoch as day and minute in local time. */
export function clockText(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return timeText(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
