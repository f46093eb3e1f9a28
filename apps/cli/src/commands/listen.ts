import type { IncomingMessage } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import { ProtocolError } from '@dimp/foundation';
import { save } from '../attachments.ts';
import { type Connection, connectionOf } from '../connection.ts';
import type { Context } from '../context.ts';
import { failureOf } from '../failure.ts';
import { History } from '../history.ts';
import {
  conversationOf,
  FILE_KINDS,
  historyEntry,
  messageFacts,
  messageLine,
} from '../incoming.ts';
import { namesOf } from '../names.ts';
import { openProfile } from '../profile.ts';
import { oneLine } from '../text.ts';

/** Options of `dim listen`. */
export interface ListenOptions {
  /** Ends after so many messages. */
  readonly count?: number;
  /** Ends after so many seconds. */
  readonly timeout?: number;
  /** Folder that files are saved in. */
  readonly save?: string;
  readonly files?: string;
  readonly allowHost?: readonly string[];
}

/** Prints messages as they come, until it is interrupted, or has as many as asked for. */
export async function listenCommand(options: ListenOptions, context: Context): Promise<void> {
  await using profile = await openProfile(context);
  await using connection = await connectionOf(profile, context);
  const { messenger, session } = connection;
  const history = new History(profile.store);
  const limit =
    options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout * 1000);
  const end = limit === undefined ? context.signal : AbortSignal.any([limit, context.signal]);
  await session.start();
  let count = 0;
  for await (const message of messenger.messages({ signal: end })) {
    const nameOf = await namesOf(connection, [message]);
    context.output.result('message', messageFacts(message), messageLine(message, nameOf));
    await history.add(conversationOf(message), historyEntry(message));
    if (options.save !== undefined) {
      await saveFile(message, { ...options, save: options.save }, connection, context);
    }
    count += 1;
    if (count !== options.count) continue;
    await messenger.done(message);
    break;
  }
  await messenger.idle();
  context.signal.throwIfAborted();
  if (options.count !== undefined && count < options.count) {
    throw new ProtocolError('transport/timeout', `${count} of ${options.count} messages have come`);
  }
}

/** A file that cannot be had ends nothing: the message has come. */
async function saveFile(
  { id, content }: IncomingMessage,
  options: ListenOptions & { readonly save: string },
  connection: Connection,
  context: Context,
): Promise<void> {
  if (!FILE_KINDS.includes(content.kind)) return;
  const { output, signal } = context;
  try {
    const path = await save(content.body as FileLocation, options, connection, context);
    output.result('saved', { id, file: path }, `      saved as ${oneLine(path)}`);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = failureOf(error);
    output.result('not-saved', { id, code, message }, `      not saved: ${message} [${code}]`);
  }
}
