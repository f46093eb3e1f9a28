import { isWaiting, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { crashingStore, seededRandom, VirtualTime } from '@dimp/testing/network';
import { pathsOf } from '@dimp/testing/stores';
import { expect, onTestFinished } from 'vitest';
import { Facebook, Messenger, type MessengerOptions, register } from '../src/index.ts';
import { protocol } from './people.ts';

export type ClientOptions = Omit<
  Partial<MessengerOptions<typeof protocol>>,
  'facebook' | 'timers' | 'random'
> & {
  /** Shows texts on a screen; otherwise the test does with messages what it wants. */
  readonly screen?: boolean;
  /** Registers handlers before the program starts. */
  readonly prepare?: (messenger: Messenger<typeof protocol>) => void;
};

/** A message on its way from one client to another. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly to: ID;
}

/** A person with a program that can be killed and started again, over a store that stays. */
export interface Client {
  readonly id: ID;
  /** What is on disk. */
  readonly durable: Store;
  /** What the program writes to. */
  store: ReturnType<typeof crashingStore>;
  facebook: Facebook<typeof protocol>;
  messenger: Messenger<typeof protocol>;
  online: boolean;
  /** Packets that the program has sent and the test has not carried. */
  readonly sent: Packet[];
  /** Texts that were shown, in all runs of the program. */
  readonly shown: string[];
  /** Codes of what was refused. */
  readonly refused: string[];
  /** Events that should not happen. */
  readonly failed: unknown[];
}

/** Identities are made once for each name: keys are slow to make. */
const made = new Map<string, Promise<{ readonly id: ID; readonly store: Store }>>();

async function identity(name: string, network: number): Promise<{ id: ID; store: Store }> {
  const key = `${name} ${network}`;
  const making =
    made.get(key) ??
    (async () => {
      const store = memoryStore();
      const facebook = new Facebook({ protocol, store, clock: new VirtualTime() });
      const keys = { algorithm: 'Ed25519', metaType: '1' } as const;
      const { id } = await register(name, { facebook, network, ...keys });
      return { id, store };
    })();
  made.set(key, making);
  return making;
}

/** Some clients whose packets the test carries, in time that the test lets pass. */
export class World {
  readonly time = new VirtualTime();
  /** Loses packets. */
  loses: (packet: Packet) => boolean = () => false;
  readonly #clients = new Set<Client>();
  /** Who gets what is sent to an entity: of several tabs, the one with the connection. */
  readonly #routes = new Map<string, Client>();
  #lives = 0;

  /** A new client with a user; copies the records of a person who was made before. */
  async join(
    name: string,
    options: ClientOptions & { readonly network?: number; readonly store?: Store } = {},
  ): Promise<Client> {
    const { id, store } = await identity(name, options.network ?? EntityType.User);
    const durable = options.store ?? memoryStore();
    for await (const [key, value] of store.list([])) {
      if ((await durable.get(key)) === undefined) await durable.set(key, value);
    }
    const client = {
      id,
      durable,
      online: true,
      sent: [],
      shown: [],
      refused: [],
      failed: [],
    } as Partial<Client> as Client;
    await this.#begin(client, options);
    this.#clients.add(client);
    if (!this.#routes.has(id.entity)) this.connect(client);
    return client;
  }

  /** From now on, what is sent to its user arrives at this client. */
  connect(client: Client): void {
    this.#routes.set(client.id.entity, client);
  }

  /** Waits until no program has anything to do; several that share a store set each other to work. */
  async rest(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      for (const { messenger } of this.#clients) await messenger.idle();
    }
  }

  /** Ends a client's program, by a crash unless it was told otherwise, and starts it again. */
  async restart(client: Client, options: ClientOptions = {}, kill = true): Promise<void> {
    if (kill) client.store.crash();
    await client.messenger.close();
    client.sent.length = 0;
    await this.#begin(client, options);
  }

  /** Carries packets to and fro until nothing is left to be carried. @returns how many arrived */
  async carry(): Promise<number> {
    let count = 0;
    for (;;) {
      await this.rest();
      const from = [...this.#clients].find(({ sent }) => sent.length > 0);
      const packet = from?.sent.shift();
      if (packet === undefined) return count;
      const to = this.#routes.get(packet.to.entity) ?? this.#station(packet.to);
      if (to === undefined || !to.online || this.loses(packet)) continue;
      if (++count > 10_000) throw new Error('packets go in circles');
      await this.deliver(packet.bytes, to);
    }
  }

  /** Gives a client a packet; its answers wait to be carried. */
  async deliver(bytes: Uint8Array, to: Client): Promise<void> {
    for (const answer of await to.messenger.receivedPackage(bytes)) {
      to.sent.push({ bytes: answer, to: protocol.parseMessage(answer).envelope.receiver });
    }
    await to.messenger.idle();
  }

  /** Lets time pass, with all that is due meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    let over = false;
    this.time.after(milliseconds, () => {
      over = true;
    });
    await this.time.run({ until: () => over });
    await this.rest();
  }

  /** {@link pass}, with packets carried after each step. */
  async live(milliseconds: number, step = 1000): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await this.pass(Math.min(step, milliseconds - passed));
      await this.carry();
    }
  }

  async #begin(client: Client, { screen = true, prepare, ...options }: ClientOptions) {
    client.store = crashingStore(client.durable);
    client.facebook = new Facebook({ protocol, store: client.store, clock: this.time });
    this.#lives += 1;
    const messenger = new Messenger({
      facebook: client.facebook,
      timers: this.time,
      random: seededRandom(this.#lives),
      sendPackage: async (bytes, to) => {
        if (!client.online) throw new ProtocolError('transport/closed', 'no network');
        client.sent.push({ bytes, to });
      },
      ...options,
    });
    client.messenger = messenger;
    messenger.on('refused', ({ error }) => client.refused.push(error.code));
    messenger.on('failed', ({ error }) => client.failed.push(error));
    if (screen) {
      messenger.handle(Text, ({ content }) => {
        client.shown.push(content.body.text);
      });
    }
    prepare?.(messenger);
    onTestFinished(() => messenger.close());
    await messenger.start();
  }

  #station(to: ID): Client | undefined {
    if (!to.isBroadcast) return undefined;
    return [...this.#clients].find(({ id }) => id.type === EntityType.Station);
  }
}

/** A world with two clients, moki and hulk, who have each other's meta and visa. */
export async function twoPeers(hulkOptions: ClientOptions = {}) {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk', hulkOptions)];
  await acquaint(moki, hulk);
  return { world, moki, hulk };
}

/** Sends texts, and takes their packets off the network. */
export async function sendTexts(
  from: Client,
  to: Client,
  ...words: readonly string[]
): Promise<Uint8Array[]> {
  for (const each of words) await from.messenger.send(text(each), to.id);
  await from.messenger.idle();
  return from.sent.splice(0).map(({ bytes }) => bytes);
}

/** Number of messages that wait for a meta or a member list. */
export async function countSuspended({ durable }: Client): Promise<number> {
  return (await pathsOf(durable)).filter((path) => path.startsWith('suspended')).length;
}

/** Without a way to the network: the test hands packages in, or connects a transport. */
export async function newMessenger(
  { time }: World,
  { durable }: Client,
): Promise<Messenger<typeof protocol>> {
  const facebook = new Facebook({ protocol, store: durable, clock: time });
  return new Messenger({ facebook, timers: time });
}

/** Gives the first client the metas and visas of the others. */
export async function tell(who: Client, ...of: readonly Client[]): Promise<void> {
  for (const other of of) {
    await who.facebook.saveMeta(await metaOf(other), other.id);
    await who.facebook.saveDocument(await visaOf(other), other.id);
  }
}

/** Exchanges the metas and visas of all clients. */
export async function acquaint(...clients: readonly Client[]): Promise<void> {
  for (const each of clients) await tell(each, ...clients.filter((other) => other !== each));
}

export async function metaOf({ facebook, id }: Client) {
  const meta = await facebook.meta(id);
  if (meta === undefined) expect.unreachable();
  return meta;
}

export async function visaOf({ facebook, id }: Client) {
  const visa = await facebook.document(id);
  if (visa === undefined) expect.unreachable();
  return visa;
}

/** The only delivery that is not done. */
export async function onlyDelivery({ messenger }: Client) {
  const [delivery, ...others] = await messenger.deliveries();
  if (delivery === undefined || others.length > 0) expect.unreachable();
  return delivery;
}

/** Paths of what is in a client's outbox. */
export async function outboxOf({ durable }: Client): Promise<readonly string[]> {
  return (await pathsOf(durable)).filter((path) => path.startsWith('outbox'));
}

export const text = (words: string) => Text.create({ text: words });

/** A message of ours with any content, also one that its type refuses. */
export async function uncheckedMessage(
  world: World,
  from: Client,
  to: Client,
  content: JsonObject,
  sn: number,
): Promise<Uint8Array> {
  const time = Math.floor(world.time.now() / 1000);
  const names = { sender: from.id.text, receiver: to.id.text };
  const read = protocol.contents.parseAsUnknown({ sn, time, ...names, ...content });
  const envelope = { sender: from.id, receiver: to.id, time };
  const secure = await from.messenger.transceiver.encrypt({ envelope, content: read });
  if (isWaiting(secure)) throw new TypeError('the receiver has no visa');
  return from.messenger.serialize(await from.messenger.transceiver.sign(secure));
}
