import type { Delivery } from '@dimp/client';
import type { ContentsOfProtocol } from '@dimp/core';
import type { DraftOf } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import type { ID } from '@dimp/mkm';
import { openProfile, userOf } from '../account/profile.ts';
import type { AppProtocol } from '../account/protocol.ts';
import { type Attachment, attach } from '../messages/attachments.ts';
import { connectionOf, DEFAULT_TIMEOUT } from '../messages/connection.ts';
import { followDelivery, type Goal, keptText, recordSent } from '../messages/delivery.ts';
import { History } from '../messages/history.ts';
import { IDENTITY_TIMEOUT, receiverVisas } from '../messages/receiver-visas.ts';
import { resolveReceiver } from '../messages/resolve-receiver.ts';
import { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';
import { readText, STANDARD_INPUT } from '../terminal/files.ts';
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

/** Sends texts and files, and waits until they reach the state that was asked for. */
export const sendCommand: CommandDefinition<
  SendOptions,
  [receiver: string, text: readonly string[]]
> = {
  usage: 'send <receiver> [text...]',
  summary: 'send a message or a file',
  description:
    'Sends a text, read from standard input if none is given, and files, encrypted for the receiver: an ID, a contact, a person you have exchanged messages with, or a name that the station knows. A contact takes precedence over anyone else with the same name. Messages are stored on disk first: one that cannot be sent now is sent by the next call.',
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
    const attachments = attachmentsOf(options);
    const text = await textOf(words, attachments, context);
    await using profile = await openProfile(context);
    const { id: user } = await userOf(profile);
    const people = new People(profile, user);
    const found = await people.find(to);
    // A stranger may have chosen a name that belongs to another person at the station: the station is asked first.
    const known = found?.by === 'name' ? undefined : found?.id;
    await using connection = await connectionOf(profile, context);
    const { messenger, session } = connection;
    const { timeout = DEFAULT_TIMEOUT, until: goal } = options;
    await session.start();
    const history = new History(profile.store);
    const deliveries: Delivery[] = [];
    const send = async (draft: DraftOf<ContentsOfProtocol<AppProtocol>>, receiver: ID) => {
      const delivery = await messenger.send(draft, receiver);
      deliveries.push(delivery);
      await people.note(receiver);
      await recordSent(delivery, receiver, history);
    };
    // Stored before the connection is up: the next call sends it if this one cannot.
    if (known !== undefined && text !== undefined) await send(Text.create({ text }), known);
    await connection.online(timeout).catch((error: unknown) => {
      context.signal.throwIfAborted();
      if (deliveries.length > 0) context.output.note(keptText('queued'));
      throw error;
    });
    const receiver = known ?? (await resolveReceiver(to, found, people, connection, context));
    if (known === undefined && text !== undefined) await send(Text.create({ text }), receiver);
    const identityTimeout = options.timeout ?? IDENTITY_TIMEOUT;
    if (attachments.length > 0) {
      await receiverVisas(receiver, connection, identityTimeout, context.signal);
    }
    for (const each of attachments) {
      await send(await attach(each, receiver, options, connection, context), receiver);
    }
    const label = await people.label(receiver);
    const facts = await people.facts(receiver);
    for (const delivery of deliveries) {
      await followDelivery(delivery, { goal, timeout, identityTimeout, label, facts }, context);
    }
    await messenger.idle();
  },
};

function attachmentsOf({ file = [], image = [], thumbnail }: SendOptions): readonly Attachment[] {
  const preview = thumbnail === undefined ? {} : { thumbnail };
  return [
    ...file.map((path) => ({ path, kind: 'file' as const })),
    ...image.map((path) => ({ path, kind: 'image' as const, ...preview })),
  ];
}

async function textOf(
  words: readonly string[],
  attachments: readonly Attachment[],
  context: Context,
): Promise<string | undefined> {
  if (words.length > 0) return words.join(' ');
  if (attachments.length > 0) return undefined;
  if (context.stdin.isTTY === true) context.output.note('type the text, then Ctrl-D:');
  const text = await readText(STANDARD_INPUT, MAX_TEXT_BYTES, context);
  if (text === '') throw usage('nothing to send');
  return text;
}
