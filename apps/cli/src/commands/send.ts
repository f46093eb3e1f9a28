import { resolve } from 'node:path';
import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { filesToken } from '../files/servers.ts';
import { IDENTITY_TIMEOUT } from '../host/receiver-visas.ts';
import { type Session, withMessaging } from '../host/with-messaging.ts';
import {
  deliveryFacts,
  type Goal,
  hasReached,
  keptText,
  stateText,
  unreached,
} from '../messages/delivery.ts';
import { Followed } from '../messages/followed.ts';
import { HostEvents } from '../messages/host-events.ts';
import { resolveReceiver } from '../messages/resolve-receiver.ts';
import { sendOnce } from '../messages/send-once.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { usage } from '../terminal/failure.ts';
import { readInput, readText, STANDARD_INPUT } from '../terminal/files.ts';
import { oneLine } from '../terminal/text.ts';
import { type CommandDefinition, option, repeatableOption, secondsOption } from './command.ts';

/** Options of `dim send`. */
interface SendOptions {
  readonly file?: readonly string[];
  readonly image?: readonly string[];
  readonly thumbnail?: string;
  /** Folder URL of a file server. */
  readonly files?: string;
  readonly until: Goal;
  /** Seconds. */
  readonly timeout?: number;
}

/** Limit for a text from the standard input: a whole message has at most 1 MiB. */
const MAX_TEXT_BYTES = 700_000;
/** Limit for a thumbnail, which is part of the message. */
const MAX_THUMBNAIL_BYTES = 64 * 1024;
/** Seconds that a command waits for a station by default. */
const DEFAULT_TIMEOUT = 30;

/** Sends texts and files, and waits until they reach the state that was asked for. */
export const sendCommand: CommandDefinition<
  SendOptions,
  [receiver: string, text: readonly string[]]
> = {
  usage: 'send <receiver> [text...]',
  summary: 'send a text or files',
  description:
    'Sends a text, or standard input without one, and files. RECEIVER is an ID, a number such as 123-456-7890, the name of a contact or of a person who wrote, or a short name that the station knows. Text and files are kept until they are sent, also by a later call.',
  options: [
    repeatableOption('--file <path>', 'send a file; may be given several times'),
    repeatableOption('--image <path>', 'send a picture; may be given several times'),
    option('--thumbnail <path>', 'small picture that is shown until the image is downloaded'),
    option('--files <url>', 'folder URL of the file server; the station by default'),
    option(
      '--until <state>',
      'wait until the station has stored the message (sent, delivered) or the receiver has it',
    )
      .choices(['sent', 'delivered', 'received'])
      .default('sent'),
    secondsOption(
      '--timeout <seconds>',
      'how long to wait; 30 by default, 5 for the identity of a receiver that the station does not send',
    ),
  ],
  examples: [
    'dim send hulk Hello world',
    'date | dim send hulk',
    'dim send hulk --image photo.jpg --until received',
    'dim send hulk -- --text that begins with dashes',
  ],

  async run(context, options, to, words) {
    const files = await filesOf(options, context);
    const text = await textOf(words, files, context);
    const followed = new Followed();
    using events = new HostEvents(context);
    const sending = new Sending({ to, text, files, followed, options, context });
    await withMessaging(
      context,
      {
        onHost: (host) => events.use(host.people),
        onEvent: (event) => {
          events.show(event);
          followed.take(event);
          if (event.type === 'delivery') sending.showState(event.delivery.ref);
        },
      },
      (session) => sending.run(session),
    );
  },
};

/** A file to send, on the command line. */
interface FileToSend {
  readonly path: string;
  readonly kind: 'file' | 'image';
  readonly thumbnail?: Uint8Array;
}

interface SendingParts {
  readonly to: string;
  readonly text: string | undefined;
  readonly files: readonly FileToSend[];
  readonly followed: Followed;
  readonly options: SendOptions;
  readonly context: Context;
}

/** One call of `dim send`. It goes on where it was if the process that had the profile open ends. */
class Sending {
  readonly #parts: SendingParts;
  #receiver: ID | undefined;
  #triedAt: number | undefined;
  #textRef: string | undefined;
  /** Names in the outbox, in the order of the files. */
  readonly #files: string[] = [];
  /** Refs of messages that have reached the goal. */
  readonly #done = new Set<string>();
  readonly #shown = new Map<string, string>();
  #facts: Awaited<ReturnType<Session['host']['people']['facts']>> = {};
  #label = '';

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  async run(session: Session): Promise<void> {
    const { timeout = DEFAULT_TIMEOUT } = this.#parts.options;
    const { context, to } = this.#parts;
    const { people } = session.host;
    const found = await people.find(to);
    // A stranger may have chosen a name that belongs to another person at the station: the station is asked first.
    if (found?.by !== 'name') this.#receiver ??= found?.id;
    // Stored before the connection is up: the next call sends it if this one cannot.
    if (this.#receiver !== undefined) await this.#keep(this.#receiver, session);
    const kept = this.#textRef !== undefined || this.#files.length > 0;
    await session.calls.online(timeout, { signal: context.signal }).catch((error: unknown) => {
      context.signal.throwIfAborted();
      if (kept) context.output.note(keptText('queued'));
      throw error;
    });
    if (this.#receiver === undefined) {
      this.#receiver = await resolveReceiver(to, found, people, session.calls, context);
      await this.#keep(this.#receiver, session);
    }
    if (this.#textRef !== undefined) await this.#reached(this.#textRef, session);
    for (const id of this.#files) await this.#reached(await this.#uploaded(id), session);
  }

  /** Reports a new state of a message of this call. */
  showState(ref: string): void {
    const { followed, context } = this.#parts;
    const delivery = followed.delivery(ref);
    const isOurs =
      ref === this.#textRef || this.#files.some((id) => followed.file(id)?.ref === ref);
    if (delivery === undefined || !isOurs || this.#shown.get(ref) === delivery.state) return;
    this.#shown.set(ref, delivery.state);
    const isNews = delivery.error !== undefined || delivery.state === 'waiting';
    const facts = deliveryFacts(delivery, this.#facts);
    context.output.event('delivery', facts, isNews ? stateText(delivery) : '');
  }

  /** Puts everything on disk. */
  async #keep(receiver: ID, { host, client, calls }: Session): Promise<void> {
    const { text, files, options, context } = this.#parts;
    this.#facts = await host.people.facts(receiver);
    this.#label = await host.people.label(receiver);
    if (text !== undefined && this.#textRef === undefined) {
      const chat = await client.chats.open(receiver.text);
      const triedAt = this.#triedAt;
      this.#triedAt ??= Date.now();
      this.#textRef = await sendOnce(chat, { text, triedAt });
      this.showState(this.#textRef);
    }
    const token = filesToken(context);
    const { signal } = context;
    for (const file of files.slice(this.#files.length)) {
      const request = {
        ...file,
        receiver: receiver.text,
        ...(options.files === undefined ? {} : { server: options.files }),
        ...(token === undefined ? {} : { token }),
      };
      this.#files.push(await calls.addFile(request, { signal }));
    }
    await host.people.note(receiver);
  }

  /** Waits until a file is uploaded. The time begins again with all progress. @returns ref of its message */
  async #uploaded(id: string): Promise<string> {
    const { followed, options, context } = this.#parts;
    const { timeout = DEFAULT_TIMEOUT } = options;
    for (;;) {
      const report = followed.file(id);
      if (report?.ref !== undefined) return report.ref;
      if (report?.state === 'failed') {
        const { error = 'transport/closed', message = 'the file was not uploaded' } = report;
        throw new ProtocolError(error as ProtocolError['code'], `${message}: see dim outbox`);
      }
      const limit = deadline(timeout);
      await followed.next(AbortSignal.any([limit, context.signal]));
      context.signal.throwIfAborted();
      if (!limit.aborted) continue;
      throw new ProtocolError(
        'transport/timeout',
        'the file is not uploaded yet: it is kept, and the next call goes on',
      );
    }
  }

  /** Waits until a message has reached the goal. */
  async #reached(ref: string, { calls, host }: Session): Promise<void> {
    if (this.#done.has(ref)) return;
    const { followed, options, context } = this.#parts;
    const { timeout = DEFAULT_TIMEOUT, until: goal } = options;
    const limit = deadline(timeout);
    // If the station has not sent the identity of the receiver by then, waiting longer does not help.
    const identityLimit = deadline(Math.min(options.timeout ?? IDENTITY_TIMEOUT, timeout));
    for (;;) {
      const delivery = followed.delivery(ref) ?? (await calls.delivery(ref));
      if (delivery !== undefined && hasReached(delivery.state, goal)) {
        this.showState(ref);
        this.#done.add(ref);
        const facts = deliveryFacts(delivery, await host.people.facts(this.#required()));
        const line = `${delivery.state} to ${this.#label} (${oneLine(delivery.receiver)})`;
        context.output.result('sent', facts, line);
        return;
      }
      if (delivery?.error !== undefined) {
        const { code, message } = delivery.error;
        throw new ProtocolError(code as ProtocolError['code'], message);
      }
      if (delivery?.settled === true) throw unreached(delivery, goal);
      const waits = delivery?.state === 'waiting' ? [limit, identityLimit] : [limit];
      const expired = AbortSignal.any(waits);
      const ends = AbortSignal.any([...waits, context.signal, host.lost, deadline(1)]);
      if (!expired.aborted) await followed.next(ends);
      context.signal.throwIfAborted();
      host.lost.throwIfAborted();
      if (!expired.aborted) continue;
      context.output.note(keptText(delivery?.state ?? 'queued'));
      throw delivery === undefined
        ? new ProtocolError('transport/timeout', 'the message is not sent yet: it is kept')
        : unreached(delivery, goal);
    }
  }

  #required(): ID {
    if (this.#receiver === undefined) throw usage('no receiver');
    return this.#receiver;
  }
}

async function filesOf(
  { file = [], image = [], thumbnail }: SendOptions,
  context: Context,
): Promise<readonly FileToSend[]> {
  const preview =
    thumbnail === undefined
      ? {}
      : { thumbnail: await readInput(thumbnail, MAX_THUMBNAIL_BYTES, context) };
  return [
    ...file.map((path) => ({ path: resolve(path), kind: 'file' as const })),
    ...image.map((path) => ({ path: resolve(path), kind: 'image' as const, ...preview })),
  ];
}

async function textOf(
  words: readonly string[],
  files: readonly FileToSend[],
  context: Context,
): Promise<string | undefined> {
  if (words.length > 0) return words.join(' ');
  if (files.length > 0) return undefined;
  if (context.stdin.isTTY === true) context.output.note('type the text, then Ctrl-D:');
  const text = await readText(STANDARD_INPUT, MAX_TEXT_BYTES, context);
  if (text === '') throw usage('nothing to send');
  return text;
}
