import type { IncomingMessage } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import { ProtocolError } from '@dimp/foundation';
import { openProfile } from '../account/profile.ts';
import { save } from '../messages/attachments.ts';
import { type Connection, connectionOf } from '../messages/connection.ts';
import { DeferredMessages } from '../messages/deferred.ts';
import { History } from '../messages/history.ts';
import { conversationOf, FILE_KINDS, historyEntry, shownMessage } from '../messages/incoming.ts';
import { People } from '../people/people.ts';
import { numberOf } from '../people/person.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { failureOf } from '../terminal/failure.ts';
import { oneLine } from '../terminal/text.ts';
import {
  type CommandDefinition,
  option,
  repeatableOption,
  secondsOption,
  wholeNumberOption,
} from './command.ts';

/** Options of `dim listen`. */
interface ListenOptions {
  /** Ends after this many messages. */
  readonly count?: number;
  /** Ends after this many seconds. */
  readonly timeout?: number;
  /** Folder to save files in. */
  readonly save?: string;
  readonly saveFrom: 'contacts' | 'everybody';
  readonly files?: string;
  readonly allowHost?: readonly string[];
}

/** Prints incoming messages until it is interrupted, or has as many as asked for. */
export const listenCommand: CommandDefinition<ListenOptions> = {
  usage: 'listen',
  summary: 'print incoming messages',
  description: 'Prints messages as they arrive, until it is interrupted.',
  options: [
    wholeNumberOption('--count <number>', 'end after this many messages', 1, 999_999_999),
    secondsOption('--timeout <seconds>', 'end after this many seconds'),
    option('--save <folder>', 'download files of contacts to a folder, and verify them'),
    option('--save-from <whom>', 'save files of contacts only, or of everybody')
      .choices(['contacts', 'everybody'])
      .default('contacts'),
    option('--files <url>', 'file server to download from, in addition to the stations'),
    repeatableOption('--allow-host <host>', 'another host that files may be downloaded from'),
  ],
  examples: [
    'dim listen',
    'dim listen --json --count 1 --timeout 60',
    'dim listen --save ~/Downloads',
  ],

  async run(context, options) {
    await using profile = await openProfile(context);
    await using connection = await connectionOf(profile, context);
    const { messenger, session } = connection;
    const history = new History(profile.store);
    const people = new People(profile, connection.user.id);
    const limit = options.timeout === undefined ? undefined : deadline(options.timeout);
    const end = limit === undefined ? context.signal : AbortSignal.any([limit, context.signal]);
    await using deferred = new DeferredMessages(connection.messenger, people, context.output);
    await session.start();
    await deferred.reportAll();
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
          `not one of your contacts: dim send ${number} answers, dim contacts add ${number} --remark NAME adds them`,
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
      throw new ProtocolError(
        'transport/timeout',
        `${count} of ${options.count} messages have arrived`,
      );
    }
  },
};

/** Saves the file of a message. A failure is reported and does not end the command: the message itself has arrived. */
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
    // Strangers can send files of any size and content.
    if (!isWanted) {
      throw new ProtocolError(
        'policy/unauthorized',
        'the sender is not a contact: --save-from everybody saves files of strangers, too',
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
