import { Facebook, Messenger, type MessengerService, register } from '@dimp/client';
import { createProtocol, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { crashingStore, seededRandom, VirtualTime } from '@dimp/testing/network';
import { expect, onTestFinished } from 'vitest';
import { type Group, Groups, type GroupsOptions } from '../src/index.ts';

export const protocol = createProtocol(standard());

/** A message on its way. */
export interface Packet {
  readonly from: Person;
  readonly bytes: Uint8Array;
  readonly to: ID;
}

/** How a person's program is made. */
export interface PersonOptions {
  readonly groups?: Partial<GroupsOptions>;
  /** Another program, such as a deployed client. */
  readonly service?: (facebook: Facebook<typeof protocol>) => MessengerService;
  /** A second device of the same person. */
  readonly as?: Person;
}

/** A person with a program that can be killed and started again, over a store that stays. */
export interface Person {
  readonly name: string;
  readonly id: ID;
  readonly durable: Store;
  store: ReturnType<typeof crashingStore>;
  facebook: Facebook<typeof protocol>;
  messenger: Messenger<typeof protocol>;
  groups: Groups;
  online: boolean;
  readonly sent: Packet[];
  readonly shown: string[];
  readonly refused: string[];
  readonly failed: unknown[];
}

const made = new Map<string, Promise<{ readonly id: ID; readonly store: Store }>>();

/** Identities are made once for each name: keys are slow to make. */
function identity(name: string): Promise<{ readonly id: ID; readonly store: Store }> {
  const making =
    made.get(name) ??
    (async () => {
      const store = memoryStore();
      const facebook = new Facebook({ protocol, store, clock: new VirtualTime() });
      const { id } = await register(name, { facebook, algorithm: 'Ed25519', metaType: '1' });
      return { id, store };
    })();
  made.set(name, making);
  return making;
}

/** Some people whose packets the test carries, in time that the test lets pass. */
export class World {
  readonly time = new VirtualTime();
  readonly people: Person[] = [];
  /** Loses packets. */
  loses: (packet: Packet) => boolean = () => false;
  #lives = 0;

  /** Adds people who know each other's metas and visas. */
  async join(...names: readonly string[]): Promise<readonly Person[]> {
    const joined: Person[] = [];
    for (const name of names) joined.push(await this.add(name));
    await this.acquaint(...joined);
    return joined;
  }

  async add(name: string, options: PersonOptions = {}): Promise<Person> {
    const { id, store } = await identity(name);
    const durable = memoryStore();
    for await (const [key, value] of store.list([])) await durable.set(key, value);
    const start = { name, id, durable, online: true, sent: [], shown: [], refused: [], failed: [] };
    const person = await this.#begin(start as Partial<Person> as Person, options);
    this.people.push(person);
    return person;
  }

  /** Gives people each other's metas and visas. */
  async acquaint(...people: readonly Person[]): Promise<void> {
    for (const from of people) {
      const meta = await from.facebook.meta(from.id);
      const visa = await from.facebook.document(from.id);
      if (meta === undefined || visa === undefined) expect.unreachable();
      for (const to of people) {
        if (to === from) continue;
        await to.facebook.saveMeta(meta, from.id);
        await to.facebook.saveDocument(visa, from.id);
      }
    }
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
    for (let round = 0; round < 2; round += 1) {
      for (const { messenger } of this.people) await messenger.idle();
    }
  }

  /** Carries packets to and fro until nothing is left to be carried. */
  async carry(): Promise<void> {
    for (let count = 0; count < 100_000; count += 1) {
      await this.rest();
      const from = this.people.find(({ sent }) => sent.length > 0);
      const packet = from?.sent.shift();
      if (packet === undefined) return;
      for (const to of this.people) {
        if (to.id.entity !== packet.to.entity || !to.online || this.loses(packet)) continue;
        await this.deliver(packet.bytes, to);
      }
    }
    throw new Error('packets go in circles');
  }

  /** Gives a program a packet; its answers wait to be carried. */
  async deliver(bytes: Uint8Array, to: Person): Promise<void> {
    for (const answer of await to.messenger.receivedPackage(bytes)) {
      const { receiver } = protocol.parseMessage(answer).envelope;
      to.sent.push({ from: to, bytes: answer, to: receiver });
    }
    await to.messenger.idle();
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

  async #begin(person: Person, { groups, service }: PersonOptions): Promise<Person> {
    this.#lives += 1;
    person.store = crashingStore(person.durable);
    person.facebook = new Facebook({ protocol, store: person.store, clock: this.time });
    const { facebook } = person;
    person.groups = new Groups({ facebook, acceptInvitations: 'everybody', ...groups });
    const messenger = new Messenger({
      facebook,
      timers: this.time,
      random: seededRandom(this.#lives),
      services: [service?.(facebook) ?? person.groups],
      sendPackage: async (bytes, to) => {
        if (!person.online) throw new ProtocolError('transport/closed', 'no network');
        person.sent.push({ from: person, bytes, to });
      },
    });
    person.messenger = messenger;
    messenger.on('refused', ({ error }) => person.refused.push(error.code));
    messenger.on('failed', ({ error }) => person.failed.push(error));
    messenger.on('handlerFailed', ({ error }) => person.failed.push(error));
    messenger.handle(Text, ({ content }) => {
      person.shown.push(content.body.text);
    });
    onTestFinished(() => messenger.close());
    await messenger.start();
    return person;
  }
}

/** The group of a person. */
export function groupOf({ groups }: Person, { id }: Pick<Group, 'id'>): Group {
  return groups.open(id);
}

/** The names of the members of a group as a person sees them, after their own name of them. */
export async function membersSeenBy(person: Person, group: Pick<Group, 'id'>) {
  const { members } = await groupOf(person, group).state();
  return members.map(({ id }) => id.split('@')[0]);
}

/** Expects that people see the same state of a group. */
export async function expectSame(group: Pick<Group, 'id'>, ...people: readonly Person[]) {
  const states = await Promise.all(people.map((each) => groupOf(each, group).state()));
  const [first, ...others] = states.map(({ standing: _s, behind: _b, ...state }) => state);
  for (const each of others) expect(each).toEqual(first);
  expect(first?.digest).toBeDefined();
}
