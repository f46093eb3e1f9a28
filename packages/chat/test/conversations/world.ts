import { Facebook, Messenger, type MessengerOptions, register } from '@dimp/client';
import { bindEnvelope, createProtocol, isWaiting, type Protocol, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { Draft } from '@dimp/dkd';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID, signDocument } from '@dimp/mkm';
import { crashingStore, seededRandom, VirtualTime } from '@dimp/testing/network';
import { expect, onTestFinished } from 'vitest';
import { type Chat, Chats, type ChatsOptions } from '../../src/index.ts';

export const protocol = createProtocol(standard(), chat());

/** A message on its way. */
interface Packet {
  readonly bytes: Uint8Array;
  readonly to: ID;
}

/** How a person's program is made. */
export interface PersonOptions {
  readonly store?: Store;
  readonly chats?: Partial<ChatsOptions>;
  readonly messenger?: Partial<MessengerOptions<typeof protocol>>;
  readonly network?: number;
}

/** A person with a program that can be killed and started again, over a store that stays. */
export interface Person {
  readonly id: ID;
  readonly durable: Store;
  store: ReturnType<typeof crashingStore>;
  facebook: Facebook<typeof protocol>;
  messenger: Messenger<typeof protocol>;
  chats: Chats;
  online: boolean;
  readonly sent: Packet[];
  readonly refused: string[];
  readonly failed: unknown[];
}

const made = new Map<string, Promise<{ readonly id: ID; readonly store: Store }>>();

/** Identities are made once for each name: keys are slow to make. */
function identity(
  name: string,
  network: number,
): Promise<{ readonly id: ID; readonly store: Store }> {
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

/** Some people whose packets the test carries, in time that the test lets pass. */
export class World {
  readonly time = new VirtualTime();
  readonly people: Person[] = [];
  /** Loses packets. */
  loses: (packet: Packet) => boolean = () => false;
  #lives = 0;

  async join(name: string, options: PersonOptions = {}): Promise<Person> {
    const { id, store } = await identity(name, options.network ?? EntityType.User);
    const durable = options.store ?? memoryStore();
    for await (const [key, value] of store.list([])) {
      if ((await durable.get(key)) === undefined) await durable.set(key, value);
    }
    const person = await this.#begin(
      { id, durable, online: true, sent: [], refused: [], failed: [] },
      options,
    );
    this.people.push(person);
    return person;
  }

  /** Ends a program, by a crash unless it was told otherwise, and starts it again. */
  async restart(person: Person, options: PersonOptions = {}, kill = true): Promise<void> {
    if (kill) person.store.crash();
    await person.messenger.close();
    person.sent.length = 0;
    await this.#begin(person, options);
  }

  /** Waits until no program has anything to do. */
  async rest(): Promise<void> {
    for (const { messenger } of this.people) await messenger.idle();
  }

  /** Carries packets to and fro until nothing is left to be carried. */
  async carry(): Promise<void> {
    for (let count = 0; count < 100_000; count++) {
      await this.rest();
      const from = this.people.find(({ sent }) => sent.length > 0);
      const packet = from?.sent.shift();
      if (packet === undefined) return;
      const to = this.people.find(({ id }) => id.entity === packet.to.entity);
      if (to === undefined || !to.online || this.loses(packet)) continue;
      await this.deliver(packet.bytes, to);
    }
    throw new Error('packets go in circles');
  }

  /** Gives a program a packet; its answers wait to be carried. */
  async deliver(bytes: Uint8Array, to: Person): Promise<void> {
    for (const answer of await to.messenger.receivedPackage(bytes)) {
      to.sent.push({ bytes: answer, to: protocol.parseMessage(answer).envelope.receiver });
    }
    await to.messenger.idle();
  }

  /** Sends a content as a program would that keeps to no rules. */
  async forge(from: Person, draft: Draft, to: Person): Promise<void> {
    const { contents }: Protocol = from.facebook.protocol;
    const content = contents.stamp(draft, {
      time: this.time.now() / 1000,
    });
    await this.forgeWire(from, content.wire, to);
  }

  /** {@link forge} with any members. */
  async forgeWire(from: Person, wire: JsonObject, to: Person): Promise<void> {
    await this.deliver(await this.forged(from, wire, to), to);
  }

  /** The bytes of a message with any members. */
  async forged(from: Person, wire: JsonObject, to: Person): Promise<Uint8Array> {
    const { transceiver } = from.messenger;
    const content = from.facebook.protocol.contents.parseAsUnknown(wire);
    const envelope = { sender: from.id, receiver: to.id, time: content.time ?? 0 };
    const secure = await transceiver.encrypt({
      envelope,
      content: bindEnvelope(content, envelope),
    });
    if (isWaiting(secure)) expect.unreachable();
    const message = await transceiver.sign(secure);
    return transceiver.serialize(message);
  }

  /** Lets time pass, with all that is due meanwhile, and carries packets after each step. */
  async live(milliseconds: number, step = 1000): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      let over = false;
      this.time.after(Math.min(step, milliseconds - passed), () => {
        over = true;
      });
      await this.time.run({ until: () => over });
      await this.carry();
    }
  }

  async #begin(
    start: Pick<Person, 'id' | 'durable' | 'online' | 'sent' | 'refused' | 'failed'>,
    { chats: chatsOptions, messenger: messengerOptions }: PersonOptions,
  ): Promise<Person> {
    this.#lives += 1;
    const store = crashingStore(start.durable);
    const facebook = new Facebook({ protocol, store, clock: this.time });
    const random = seededRandom(this.#lives);
    const chats = new Chats({ facebook, timers: this.time, random, ...chatsOptions });
    const messenger = new Messenger({
      facebook,
      timers: this.time,
      random,
      services: [chats],
      sendPackage: async (bytes, to) => {
        if (!person.online) throw new ProtocolError('transport/closed', 'no network');
        person.sent.push({ bytes, to });
      },
      ...messengerOptions,
    });
    const person: Person = Object.assign(start, { store, facebook, messenger, chats });
    messenger.on('refused', ({ error }) => person.refused.push(error.code));
    messenger.on('failed', ({ error }) => person.failed.push(error));
    messenger.on('handlerFailed', ({ error }) => person.failed.push(error));
    chats.on('failed', ({ error }) => person.failed.push(error));
    onTestFinished(() => messenger.close());
    await messenger.start();
    await messenger.idle();
    return person;
  }
}

/** Gives people each other's metas and visas. */
export async function acquaint(...people: readonly Person[]): Promise<void> {
  for (const who of people) {
    for (const other of people) {
      if (other === who) continue;
      const meta = await other.facebook.meta(other.id);
      const visa = await other.facebook.document(other.id);
      if (meta === undefined || visa === undefined) expect.unreachable();
      await who.facebook.saveMeta(meta, other.id);
      await who.facebook.saveDocument(visa, other.id);
    }
  }
}

/** Gives a person a visa that announces abilities, which the others learn. */
export async function announce(
  person: Person,
  accepts: readonly string[],
  ...others: readonly Person[]
): Promise<void> {
  const { facebook, id } = person;
  const visa = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  if (visa === undefined) expect.unreachable();
  const properties = { ...visa.properties, accepts };
  const now = (visa.time ?? 0) + 1;
  const next = await signDocument({ did: id, type: 'visa', properties, now }, signer);
  for (const each of [person, ...others]) await each.facebook.saveDocument(next, id);
}

/** Makes people each other's contacts. */
export async function befriend(...people: readonly Person[]): Promise<void> {
  await acquaint(...people);
  for (const who of people) {
    for (const other of people) if (other !== who) await who.facebook.addContact(who.id, other.id);
  }
}

/** A world with two people who are each other's contacts, and their conversations. */
export async function twoFriends(
  options: { readonly moki?: PersonOptions; readonly hulk?: PersonOptions } = {},
) {
  const world = new World();
  const moki = await world.join('moki', options.moki);
  const hulk = await world.join('hulk', options.hulk);
  await befriend(moki, hulk);
  const mokiChat = await moki.chats.open(hulk.id.text);
  const hulkChat = await hulk.chats.open(moki.id.text);
  return { world, moki, hulk, mokiChat, hulkChat };
}

/** The texts of a conversation, in order. */
export async function textsOf(chat: Chat): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of chat.messages()) texts.push(text);
  return texts;
}
