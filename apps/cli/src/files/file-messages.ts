import type { ChatsApi } from '@dimp/chat';
import type { FileLocation } from '@dimp/client/files';
import type { Draft } from '@dimp/dkd';
import { File, Image } from '@dimp/extensions/contents';
import { definedOnly } from '@dimp/foundation';
import { protocol } from '../account/protocol.ts';
import { FILE_KINDS } from './content-text.ts';
import type { WaitingFile } from './waiting-files.ts';

/** How long before it was given a file may have been sent, by a clock that was set back, in milliseconds. */
const CLOCK_DOUBT_MS = 60_000;

/**
 * Sends the message of an uploaded file, unless an earlier program has done so: it may have ended before it could forget the file.
 * The URL tells, because it is random.
 *
 * @returns ref of the message
 */
export async function sendFileMessage(
  file: WaitingFile & { readonly url: string },
  chats: ChatsApi,
): Promise<string> {
  const chat = await chats.open(file.receiver);
  for await (const message of chat.messages({ from: file.created - CLOCK_DOUBT_MS })) {
    if (message.mine && message.content['URL'] === file.url) return message.ref;
  }
  const draft = draftOf(file);
  const { replyTo } = file;
  return (replyTo === undefined ? await chat.send(draft) : await chat.reply(replyTo, draft)).ref;
}

function draftOf({
  kind,
  url,
  filename,
  key,
  IV,
  size,
  sha256,
  thumbnail,
}: WaitingFile & { readonly url: string }): Draft {
  const body = { URL: url, filename, key, size, sha256, ...definedOnly({ IV }) };
  if (kind === 'file') return File.create(body);
  return Image.create({
    ...body,
    ...(thumbnail === undefined ? {} : { thumbnail: { data: thumbnail } }),
  });
}

/** Where the file of a message is, with its key; undefined if the message is not here or has no file. */
export async function fileLocation(
  conversation: string,
  ref: string,
  chats: ChatsApi,
): Promise<FileLocation | undefined> {
  const chat = await chats.open(conversation);
  const message = await chat.message(ref);
  if (message === undefined || message.recalled !== undefined) return undefined;
  const content = protocol.contents.parse(message.content);
  if (!FILE_KINDS.includes(content.kind)) return undefined;
  const location = content.body as FileLocation;
  const [attachment] = message.attachments;
  if (location.URL !== undefined || attachment === undefined) return location;
  // The bytes came inside the message.
  const blob = await chat.attachment(ref);
  return {
    ...definedOnly({ filename: location.filename }),
    data: new Uint8Array(await blob.arrayBuffer()),
  };
}
