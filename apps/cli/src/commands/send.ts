import type { Delivery } from '@dimp/client';
import type { ContentsOfProtocol } from '@dimp/core';
import type { DraftOf } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { type Attachment, attach } from '../attachments.ts';
import { type Connection, connectionOf, DEFAULT_TIMEOUT } from '../connection.ts';
import type { Context } from '../context.ts';
import { deadline } from '../deadline.ts';
import { deliveryFacts, keptText, stateText, unreached } from '../delivery.ts';
import { usage } from '../failure.ts';
import { readText, STANDARD_INPUT } from '../files.ts';
import { History } from '../history.ts';
import { contentText } from '../incoming.ts';
import { IDENTITY_PATIENCE, introduced } from '../introduction.ts';
import { type Found, nobody, People } from '../people/people.ts';
import { openProfile, userOf } from '../profile.ts';
import type { AppProtocol } from '../protocol.ts';
import { oneLine } from '../text.ts';

/** How far the messages of a call have to get. */
export type Goal = 'sent' | 'delivered' | 'received';

/** Options of `dim send`. */
export interface SendOptions {
  readonly file?: readonly string[];
  readonly image?: readonly string[];
  readonly thumbnail?: string;
  /** Folder URL of a file server. */
  readonly files?: string;
  readonly until: Goal;
  /** Seconds. */
  readonly timeout?: number;
}

/** Longest text from the standard input, in bytes: a message has at most 1 MiB with everything around it. */
const MAX_TEXT = 700_000;
/** Seconds that a station gets to say whether a name is somebody else's. */
const NAME_PATIENCE = 5;

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
  const people = new People(profile, user);
  const found = await people.find(to);
  // A name that a stranger has chosen may be somebody else's at the station, which is asked first.
  const known = found?.by === 'name' ? undefined : found?.id;
  await using connection = await connectionOf(profile, context);
  const { messenger, session } = connection;
  const { timeout = DEFAULT_TIMEOUT, until } = options;
  await session.start();
  const history = new History(profile.store);
  const deliveries: Delivery[] = [];
  const send = async (draft: DraftOf<ContentsOfProtocol<AppProtocol>>, receiver: ID) => {
    const delivery = await messenger.send(draft, receiver);
    deliveries.push(delivery);
    await people.note(receiver);
    await remember(delivery, receiver, history);
  };
  // On disk before anything else: it goes out with the next call if this one does not get through.
  if (known !== undefined && text !== undefined) await send(Text.create({ text }), known);
  await connection.online(timeout).catch((error: unknown) => {
    context.signal.throwIfAborted();
    if (deliveries.length > 0) context.output.note(keptText('queued'));
    throw error;
  });
  const receiver = known ?? (await receiverNamed(to, found, people, connection, context));
  if (known === undefined && text !== undefined) await send(Text.create({ text }), receiver);
  const patience = options.timeout ?? IDENTITY_PATIENCE;
  if (attachments.length > 0) await introduced(receiver, connection, patience, context.signal);
  for (const each of attachments) {
    await send(await attach(each, receiver, options, connection, context), receiver);
  }
  const label = await people.label(receiver);
  const facts = await people.facts(receiver);
  for (const delivery of deliveries) {
    await follow(delivery, { goal: until, timeout, patience, label, facts }, context);
  }
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

/**
 * Whom a name means that is not a contact's: somebody who wrote, or whom the station knows by it (spec §9.12).
 *
 * @throws `usage` if both are there and differ; `identity/not-found` for a name that nobody has
 */
async function receiverNamed(
  name: string,
  found: Found | undefined,
  people: People,
  connection: Connection,
  context: Context,
): Promise<ID> {
  const atStation = await askStation(name, found, connection, context);
  if (found !== undefined) {
    if (atStation === undefined || sameEntity(atStation, found.id)) return found.id;
    const both = [await people.person(found.id), await people.person(atStation)];
    throw people.ambiguous(name, both);
  }
  if (atStation === undefined) throw nobody();
  const label = await people.label(atStation);
  context.output.event(
    'resolved',
    { name, to: await people.facts(atStation) },
    `the station says that ${oneLine(name)} is ${label}, ${atStation.text}`,
  );
  return atStation;
}

/** @param found - somebody else whom the name means: then a station that does not answer is no failure */
async function askStation(
  name: string,
  found: Found | undefined,
  { session }: Connection,
  { signal }: Context,
): Promise<ID | undefined> {
  const limit = found === undefined ? undefined : deadline(NAME_PATIENCE);
  try {
    return await session.resolve(
      name,
      limit === undefined ? signal : AbortSignal.any([signal, limit]),
    );
  } catch (error) {
    signal.throwIfAborted();
    // Not a short name: the station is not asked.
    if (error instanceof RangeError || limit?.aborted === true) return undefined;
    if (found !== undefined && isProtocolError(error, 'transport/timeout')) return undefined;
    throw error;
  }
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

/** How a message is followed. */
interface Following {
  readonly goal: Goal;
  /** Seconds that it may take. */
  readonly timeout: number;
  /** Seconds that the identity of the receiver may take. */
  readonly patience: number;
  /** The receiver for people, and for programs. */
  readonly label: string;
  readonly facts: JsonObject;
}

async function follow(
  delivery: Delivery,
  { goal, timeout, patience, label, facts }: Following,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const show = (): void => {
    const { report } = delivery;
    output.event('delivery', deliveryFacts(delivery, report, facts), stateText(report));
  };
  using _states = delivery.on('state', show);
  const limit = deadline(timeout);
  const stop = new AbortController();
  // What waits for an identity that the station does not tell will not go on by waiting for it here.
  const impatient = deadline(Math.min(patience, timeout));
  const look = (): void => {
    if (delivery.report.state === 'waiting') stop.abort();
  };
  impatient.addEventListener('abort', look, { once: true });
  try {
    await delivery.reached(goal, AbortSignal.any([limit, stop.signal, signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted && !stop.signal.aborted) throw error;
    output.note(keptText(delivery.report.state));
    throw unreached(delivery, goal);
  } finally {
    impatient.removeEventListener('abort', look);
  }
  const { report } = delivery;
  output.result(
    'sent',
    deliveryFacts(delivery, report, facts),
    `${report.state} to ${label} (${oneLine(delivery.receiver.text)})`,
  );
}
