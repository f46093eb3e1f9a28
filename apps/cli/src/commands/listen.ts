import type { IncomingMessage } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import { ProtocolError } from '@dimp/foundation';
import { save } from '../attachments.ts';
import { type Connection, connectionOf } from '../connection.ts';
import type { Context } from '../context.ts';
import { deadline } from '../deadline.ts';
import { DeferredMessages } from '../deferred.ts';
import { failureOf } from '../failure.ts';
import { History } from '../history.ts';
import { conversationOf, FILE_KINDS, historyEntry, shownMessage } from '../incoming.ts';
import { People } from '../people/people.ts';
import { numberOf } from '../people/person.ts';
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
  /** Whose files are saved. */
  readonly saveFrom: 'contacts' | 'everybody';
  readonly files?: string;
  readonly allowHost?: readonly string[];
}

/** Prints messages as they come, until it is interrupted, or has as many as asked for. */
export async function listenCommand(options: ListenOptions, context: Context): Promise<void> {
  await using profile = await openProfile(context);
  await using connection = await connectionOf(profile, context);
  const { messenger, session } = connection;
  const history = new History(profile.store);
  const people = new People(profile, connection.user.id);
  const limit = options.timeout === undefined ? undefined : deadline(options.timeout);
  const end = limit === undefined ? context.signal : AbortSignal.any([limit, context.signal]);
  await using deferred = new DeferredMessages(connection.messenger, people, context.output);
  await session.start();
  await deferred.tellAll();
  let count = 0;
  let hinted = false;
  for await (const message of messenger.messages({ signal: end })) {
    const { facts, line } = await shownMessage(message, people);
    context.output.result('message', facts, line);
    const { standing, id } = await people.person(message.envelope.sender);
    if (standing === 'stranger' && !hinted) {
      hinted = true;
      const number = numberOf({ id });
      context.output.note(
        `no contact of yours: dim send ${number} answers, dim contacts add ${number} --remark NAME adds them`,
      );
    }
    await people.note(message.envelope.sender);
    await history.add(conversationOf(message), historyEntry(message));
    if (options.save !== undefined) {
      const isWanted = standing !== 'stranger' || options.saveFrom === 'everybody';
      await saveFile(message, { ...options, save: options.save }, isWanted, connection, context);
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
  isWanted: boolean,
  connection: Connection,
  context: Context,
): Promise<void> {
  if (!FILE_KINDS.includes(content.kind)) return;
  const { output, signal } = context;
  try {
    // Anybody can send files of any size and content.
    if (!isWanted) {
      throw new ProtocolError(
        'policy/unauthorized',
        'the sender is no contact: --save-from everybody saves files of anybody',
      );
    }
    const path = await save(content.body as FileLocation, options, connection, context);
    output.result('saved', { id, file: path }, `      saved as ${oneLine(path)}`);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = failureOf(error);
    output.result('not-saved', { id, code, message }, `      not saved: ${message} [${code}]`);
  }
}
