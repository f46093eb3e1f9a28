import { resolve } from 'node:path';
import type { ChatMessage, IncomingChatMessage } from '@dimp/chat';
import { ProtocolError } from '@dimp/foundation';
import { protocol } from '../account/protocol.ts';
import { type Session, withMessaging } from '../host/with-messaging.ts';
import { HostEvents } from '../messages/host-events.ts';
import { messageFacts } from '../messages/message-facts.ts';
import { messageLine } from '../messages/message-lines.ts';
import { downloadTo } from '../messages/save.ts';
import { numberOf } from '../people/person.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { failureOf } from '../terminal/failure.ts';
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
  description:
    'Prints messages as they arrive, until it is interrupted. Several calls at a time print all of them.',
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
    const limit = options.timeout === undefined ? undefined : deadline(options.timeout);
    const end = limit === undefined ? context.signal : AbortSignal.any([limit, context.signal]);
    using events = new HostEvents(context);
    const listening = new Listening(options, context);
    await withMessaging(
      context,
      { onHost: (host) => events.use(host.people), onEvent: (event) => events.show(event) },
      async (session) => {
        for (const each of await session.calls.deferred()) {
          events.show({ type: 'deferred', message: each });
        }
        await listening.run(session, end);
      },
    );
    context.signal.throwIfAborted();
    const { count } = listening;
    if (options.count !== undefined && count < options.count) {
      throw new ProtocolError(
        'transport/timeout',
        `${count} of ${options.count} messages have arrived`,
      );
    }
  },
};

/** One call of `dim listen`. It goes on if the process that had the profile open ends. */
class Listening {
  /** Messages that were printed. */
  count = 0;
  readonly #options: ListenOptions;
  readonly #context: Context;
  /** The message that was printed last: it may come again if the other process ends before it is finished. */
  #last: string | undefined;
  #hinted = false;

  constructor(options: ListenOptions, context: Context) {
    this.#options = options;
    this.#context = context;
  }

  /** Prints messages until the signal is aborted, or there are enough. */
  async run(session: Session, end: AbortSignal): Promise<void> {
    const { calls } = session;
    const reader = await calls.join();
    try {
      for (;;) {
        await this.#print(await calls.next(reader, { signal: end }), session);
        if (this.count !== this.#options.count) continue;
        await calls.leave(reader, true);
        return;
      }
    } catch (error) {
      if (!end.aborted) throw error;
      await calls.leave(reader, false);
    }
  }

  async #print(
    { conversation: text, message }: IncomingChatMessage,
    session: Session,
  ): Promise<void> {
    if (message.ref === this.#last) return;
    const { people, user } = session.host;
    const { output } = this.#context;
    const conversation = protocol.parseID(text);
    const sender = protocol.parseID(message.sender);
    output.result(
      'message',
      await messageFacts(message, conversation, people, user),
      await messageLine(message, people, {
        place: conversation.isGroup ? conversation : undefined,
      }),
    );
    this.#last = message.ref;
    this.count += 1;
    const { standing } = await people.person(sender);
    if (standing === 'stranger' && !this.#hinted) {
      this.#hinted = true;
      const number = numberOf({ id: sender });
      output.note(
        `not one of your contacts: dim send ${number} answers, dim contacts add ${number} --remark NAME adds them`,
      );
    }
    await people.note(sender);
    const { save } = this.#options;
    if (save === undefined || message.attachments.length === 0) return;
    await this.#save(resolve(save), conversation.text, message, standing !== 'stranger', session);
  }

  /** Saves the file of a message. A failure is reported and does not end the command: `dim download` tries again. */
  async #save(
    folder: string,
    conversation: string,
    message: ChatMessage,
    isKnown: boolean,
    { calls, host }: Session,
  ): Promise<void> {
    const { output, signal } = this.#context;
    const { files, allowHost = [], saveFrom } = this.#options;
    const hosts = [...allowHost, ...(files === undefined ? [] : [new URL(files).host])];
    try {
      // Strangers can send files of any size and content.
      if (!isKnown && saveFrom !== 'everybody') {
        throw new ProtocolError(
          'policy/unauthorized',
          'the sender is not a contact: --save-from everybody saves files of strangers, too',
        );
      }
      await downloadTo(folder, conversation, message, hosts, calls, this.#context);
    } catch (error) {
      signal.throwIfAborted();
      host.lost.throwIfAborted();
      const { code, message: why } = failureOf(error);
      const { ref: id } = message;
      const line = `      not saved: ${why} [${code}]; dim download ${id} tries again`;
      output.result('not-saved', { id, code, message: why }, line);
    }
  }
}
