import { onTestFinished } from 'vitest';
import { Facebook, Messenger, register } from '../../packages/client/src/index.ts';
import { StationSession } from '../../packages/client/src/session.ts';
import { createProtocol, type TransportFactory } from '../../packages/core/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { Text } from '../../packages/extensions/src/contents.ts';
import { standard } from '../../packages/extensions/src/standard.ts';
import type { ID } from '../../packages/mkm/src/index.ts';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { quickReconnect } from './quick-reconnect.ts';

const protocol = createProtocol(standard());

/** A person with a client in this process. */
export interface Person {
  readonly id: ID;
  readonly facebook: Facebook<typeof protocol>;
  readonly messenger: Messenger<typeof protocol>;
  /** Received texts, in order. */
  readonly texts: string[];
}

/** Registers people who have the meta and visa of each other. */
export async function people<const N extends readonly string[]>(
  ...names: N
): Promise<{ [K in keyof N]: Person }> {
  const all = await Promise.all(names.map(newPerson));
  for (const to of all) {
    for (const about of all) if (to !== about) await introduce(to.facebook, about);
  }
  return all as { [K in keyof N]: Person };
}

async function newPerson(name: string): Promise<Person> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const { id } = await register(name, { facebook, algorithm: 'Ed25519' });
  const messenger = new Messenger({ facebook, random: quickReconnect });
  onTestFinished(() => messenger[Symbol.asyncDispose]());
  const texts: string[] = [];
  messenger.handle(Text, ({ content }) => {
    texts.push(content.body.text);
    return undefined;
  });
  return { id, facebook, messenger, texts };
}

async function introduce(to: Facebook<typeof protocol>, about: Person): Promise<void> {
  const [meta, visa] = [
    await about.facebook.meta(about.id),
    await about.facebook.document(about.id),
  ];
  if (meta === undefined || visa === undefined) throw new Error('no meta or visa');
  await to.saveMeta(meta.wire, about.id);
  await to.saveDocument(visa.wire, about.id);
}

/**
 * Logs a person in. The session reconnects after restarts of the station, until it is stopped or the test is over.
 *
 * @param port - port of the station; a function if it changes
 * @param connect - a transport other than TCP
 */
export async function logIn(
  { messenger }: Person,
  port: number | (() => number),
  connect?: TransportFactory,
): Promise<StationSession<typeof protocol>> {
  const at = (): number => (typeof port === 'number' ? port : port());
  const host = '127.0.0.1';
  const dial: TransportFactory =
    connect ?? ((context) => connectTcp({ host, port: at() })(context));
  const session = new StationSession({
    messenger,
    stations: [{ connect: dial, host, port: at() }],
  });
  onTestFinished(() => session.stop());
  await session.start();
  await session.online(AbortSignal.timeout(20_000));
  return session;
}

/** Sends a text. */
export function sendText(from: Person, to: Person, text: string) {
  return from.messenger.send(Text.create({ text }), to.id);
}
