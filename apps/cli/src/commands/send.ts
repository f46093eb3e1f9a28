import type { Delivery, DeliveryState } from '@dimp/client';
import type { ContentsOfProtocol } from '@dimp/core';
import type { DraftOf } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type Attachment, attach } from '../attachments.ts';
import { type Connection, connectionOf, DEFAULT_TIMEOUT } from '../connection.ts';
import type { Context } from '../context.ts';
import { deliveryFacts, stateText } from '../delivery.ts';
import { usage } from '../failure.ts';
import { readText, STANDARD_INPUT } from '../files.ts';
import { History } from '../history.ts';
import { contentText } from '../incoming.ts';
import { openProfile, userOf } from '../profile.ts';
import type { AppProtocol } from '../protocol.ts';
import { findReceiver, nobody } from '../receiver.ts';

/** Options of `dim send`. */
export interface SendOptions {
  readonly file?: readonly string[];
  readonly image?: readonly string[];
  readonly thumbnail?: string;
  /** Folder URL of a file server. */
  readonly files?: string;
  /** How far the messages have to get. */
  readonly until: 'sent' | 'delivered' | 'received';
  /** Seconds. */
  readonly timeout?: number;
}

/** Longest text from the standard input, in bytes: a message has at most 1 MiB with everything around it. */
const MAX_TEXT = 700_000;

/** Sends texts and files, and waits until they have got as far as asked. */
export async function sendCommand(
  to: string,
  words: readonly string[],
  options: SendOptions,
  context: Context,
): Promise<void> {
  const attachments: readonly Attachment[] = [
    ...(options.file ?? []).map((path) => ({ path, kind: 'file' as const })),
    ...(options.image ?? []).map((path) => ({
      path,
      kind: 'image' as const,
      ...(options.thumbnail === undefined ? {} : { thumbnail: options.thumbnail }),
    })),
  ];
  const text = await textOf(words, attachments, context);
  await using profile = await openProfile(context);
  const { id: user } = await userOf(profile);
  const known = await findReceiver(to, profile.facebook, user);
  await using connection = await connectionOf(profile, context);
  const { messenger, session } = connection;
  const { timeout = DEFAULT_TIMEOUT } = options;
  await session.start();
  const history = new History(profile.store);
  const deliveries: Delivery[] = [];
  const send = async (draft: DraftOf<ContentsOfProtocol<AppProtocol>>, receiver: ID) => {
    const delivery = await messenger.send(draft, receiver);
    deliveries.push(delivery);
    await remember(delivery, receiver, history);
  };
  // On disk before anything else: it goes out with the next call if this one does not get through.
  if (known !== undefined && text !== undefined) await send(Text.create({ text }), known);
  await connection.online(timeout).catch((error: unknown) => {
    throw deliveries.length > 0 ? kept(error, context) : error;
  });
  const receiver = known ?? (await askStation(to, connection, context));
  if (known === undefined && text !== undefined) await send(Text.create({ text }), receiver);
  for (const each of attachments) {
    await send(await attach(each, receiver, options, connection, context), receiver);
  }
  for (const delivery of deliveries) await follow(delivery, options.until, timeout, context);
  await messenger.idle();
}

async function textOf(
  words: readonly string[],
  attachments: readonly Attachment[],
  context: Context,
): Promise<string | undefined> {
  if (words.length > 0) return words.join(' ');
  if (attachments.length > 0) return undefined;
  if (context.stdin.isTTY === true) context.output.note('the text, and Ctrl-D at its end:');
  const text = await readText(STANDARD_INPUT, MAX_TEXT, context);
  if (text === '') throw usage('nothing to send');
  return text;
}

/** A name that is no contact: the station may know it (spec §9.12). */
async function askStation(name: string, { session }: Connection, { signal }: Context): Promise<ID> {
  try {
    const found = await session.resolve(name, signal);
    if (found !== undefined) return found;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw nobody();
}

/** Keeps a sent message in the history. */
export function remember(delivery: Delivery, peer: ID, history: History): Promise<void> {
  return history.add(peer, {
    id: delivery.id,
    direction: 'out',
    sender: delivery.sender.text,
    kind: delivery.content.kind,
    text: contentText(delivery.content),
    time: delivery.created / 1000,
  });
}

async function follow(
  delivery: Delivery,
  goal: Exclude<DeliveryState, 'failed'>,
  timeout: number,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const show = (): void => {
    const { report } = delivery;
    output.event('delivery', deliveryFacts(delivery, report), stateText(report));
  };
  const limit = AbortSignal.timeout(timeout * 1000);
  using _states = delivery.on('state', show);
  try {
    await delivery.reached(goal, AbortSignal.any([limit, signal]));
  } catch (error) {
    signal.throwIfAborted();
    throw limit.aborted ? kept(error, context) : error;
  }
  const { report } = delivery;
  output.result('sent', deliveryFacts(delivery, report), `${report.state} to ${delivery.receiver}`);
}

/** A message that has not got there yet, and is not lost. */
function kept(error: unknown, { signal, output }: Context): unknown {
  signal.throwIfAborted();
  output.note('the message is kept, and goes out as soon as dim is connected again');
  if (isProtocolError(error)) return error;
  return new ProtocolError('transport/timeout', 'the message has not got there in time');
}
