import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { Signer } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64 } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import {
  type CrashingStore,
  crashingStore,
  type NetworkFaults,
  type NetworkStatistics,
  type SeededRandom,
  SimulatedNetwork,
  type SimulatedNode,
  seededRandom,
  VirtualTime,
} from '@dimp/testing/network';
import { Facebook, Messenger, register } from '../src/index.ts';
import { damage } from './damage.ts';
import { protocol } from './people.ts';

/** What a simulation is told. */
export interface SimulationOptions {
  readonly seed: number;
  readonly clients: number;
  readonly messages: number;
  readonly faults: NetworkFaults;
}

/** What came of it. */
export interface SimulationResult {
  readonly sent: number;
  readonly shown: number;
  readonly lost: number;
  readonly shownTwice: number;
  readonly outOfOrder: number;
  /** Messages that a handler got once more because its program was killed in the middle of it. */
  readonly redelivered: number;
  /** Messages whose sender never learned that they arrived. */
  readonly unconfirmed: number;
  /** Error codes of what was refused. */
  readonly refused: Readonly<Record<string, number>>;
  readonly statistics: NetworkStatistics;
  /** Stands for everything that happened. */
  readonly trace: string;
  /** Virtual milliseconds. */
  readonly took: number;
}

/** Faults as no real network has them all at once. */
export const BAD_NETWORK: NetworkFaults = {
  drop: 0.1,
  duplicate: 0.1,
  delay: [20, 400],
  reorder: 0.1,
  corrupt: 0.005,
  damage,
  disconnect: { every: [20_000, 120_000], for: [100, 30_000] },
  restart: { every: [30_000, 200_000] },
};

/** Pause between two messages of one person, in virtual milliseconds. */
const PAUSE = [10, 1000] as const;
const STATION = 'station';

/** Lets people write to each other over a network that fails, until all of it has come to rest. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  await simulation.populate();
  await simulation.run();
  return simulation.result();
}

/** One run of a program, from its start to its death. */
interface Life {
  readonly store: CrashingStore;
  readonly messenger: Messenger<typeof protocol>;
  /** Names of the messages that its handler got. */
  readonly handled: Set<string>;
}

/** Somebody at a client. His screen and what he remembers having written outlive his program. */
interface Person {
  readonly name: string;
  readonly id: ID;
  readonly durable: Store;
  readonly random: SeededRandom;
  readonly node: SimulatedNode;
  /** What he was shown, in order, by name of the message. */
  readonly screen: Map<string, string>;
  /** What he has written and does not know to be on disk. */
  readonly unsure: { readonly to: Person; readonly text: string }[];
  readonly written: Map<Person, number>;
  /** Kills his program and starts it again. */
  readonly restart: () => Promise<void>;
  life: Life;
  left: number;
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #time = new VirtualTime();
  readonly #network: SimulatedNetwork;
  readonly #random: SeededRandom;
  readonly #people: Person[] = [];
  readonly #refused: Record<string, number> = {};
  readonly #start = this.#time.now();
  #lives = 0;
  #redelivered = 0;
  #twice = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { seed, faults } = options;
    this.#network = new SimulatedNetwork({ seed, time: this.#time, faults });
    this.#random = seededRandom(`people of ${seed}`);
  }

  /** Everybody knows himself only; the station knows all, and answers questions. */
  async populate(): Promise<void> {
    const directory = memoryStore();
    const station = new Facebook({ protocol, store: directory, clock: this.#time });
    const network = EntityType.Station;
    await register(STATION, { facebook: station, network, ...this.#identity(STATION) });
    const { clients, messages } = this.#options;
    for (let n = 0; n < clients; n++) {
      const name = `client ${n}`;
      const durable = memoryStore();
      const facebook = new Facebook({ protocol, store: durable, clock: this.#time });
      const user = await register(name, { facebook, ...this.#identity(name) });
      const [meta, visa] = [await user.meta(), await user.visa()];
      if (meta === undefined || visa === undefined) throw new Error('register saves both');
      await station.saveMeta(meta.wire, user.id);
      await station.saveDocument(visa.wire, user.id);
      await this.#join(name, user.id, durable, Math.floor(messages / clients));
    }
    await this.#plug(STATION, directory, undefined);
  }

  /** IDs follow from the seed, because stores are read in their order. */
  #identity(name: string): { readonly signer: Signer; readonly metaType: '2' } {
    const data = encodeBase64(this.#random.fork(`key of ${name}`).bytes(32));
    return {
      signer: protocol.keys.parsePrivate({ algorithm: 'Ed25519', data }),
      metaType: '2',
    };
  }

  async run(): Promise<void> {
    for (const person of this.#people) this.#writeLater(person);
    const describe = (): string =>
      [`seed ${this.#options.seed}`, ...this.#network.lastEvents].join('\n');
    const quiet = (): boolean => this.#people.every(({ left }) => left === 0);
    await this.#time.run({ until: quiet, maxEvents: 100_000_000, describe });
    this.#network.calm();
    const done = (): boolean => quiet() && this.#lost() === 0;
    const tooLate = this.#time.now() + 2 * 24 * 60 * 60_000;
    await this.#time.run({ until: () => done() || this.#time.now() > tooLate, describe });
    // Long enough for the last receipts.
    const until = this.#time.now() + 10 * 60_000;
    await this.#time.run({ until: () => this.#time.now() >= until, describe });
  }

  async result(): Promise<SimulationResult> {
    let unconfirmed = 0;
    for (const { life } of this.#people) unconfirmed += (await life.messenger.deliveries()).length;
    const sent = sum(this.#people.map(({ written }) => sum([...written.values()])));
    return {
      sent,
      shown: sum(this.#people.map(({ screen }) => screen.size)),
      lost: this.#lost(),
      shownTwice: this.#twice + sum(this.#people.map(({ screen }) => repeated(screen))),
      outOfOrder: sum(this.#people.map(({ screen }) => disorder(screen))),
      redelivered: this.#redelivered,
      unconfirmed,
      refused: this.#refused,
      statistics: this.#network.statistics,
      trace: this.#network.trace,
      took: this.#time.now() - this.#start,
    };
  }

  async #join(name: string, id: ID, durable: Store, left: number): Promise<void> {
    const person = {
      name,
      id,
      durable,
      random: this.#random.fork(name),
      screen: new Map<string, string>(),
      unsure: [],
      written: new Map<Person, number>(),
      left,
    } as Partial<Person> as Person;
    Object.assign(person, await this.#plug(name, durable, person));
    this.#people.push(person);
  }

  /** Connects a program that can be killed. */
  async #plug(
    name: string,
    durable: Store,
    person: Person | undefined,
  ): Promise<Pick<Person, 'node' | 'life' | 'restart'>> {
    let life = undefined as unknown as Life;
    const node = this.#network.join(name, {
      receive: (bytes) => alive(life, () => this.#receive(life, node, bytes)),
      connected: () =>
        alive(life, async () => {
          life.messenger.resume();
          await life.messenger.idle();
        }),
      ...(person === undefined
        ? {}
        : {
            restart: () => person.restart(),
          }),
    });
    life = await this.#begin(name, durable, node, person);
    const restart = async (): Promise<void> => {
      if (person === undefined) return;
      await this.#kill(person);
      life = await this.#begin(name, durable, node, person);
      person.life = life;
      await alive(life, () => this.#writeAgain(person));
    };
    return { node, life, restart };
  }

  async #begin(
    name: string,
    durable: Store,
    node: SimulatedNode,
    person: Person | undefined,
  ): Promise<Life> {
    const store = crashingStore(durable);
    const facebook = new Facebook({ protocol, store, clock: this.#time });
    this.#lives += 1;
    const messenger = new Messenger({
      facebook,
      timers: this.#time,
      random: this.#random.fork(`${name} in life ${this.#lives}`),
      directory: person === undefined,
      sendPackage: async (bytes, receiver) => node.send(this.#nodeOf(receiver), bytes),
    });
    const life: Life = { store, messenger, handled: new Set() };
    messenger.on('refused', ({ error }) => {
      this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1;
    });
    messenger.on('failed', ({ error }) => {
      if (!store.crashed) throw error;
    });
    if (person !== undefined) {
      messenger.handle(Text, ({ id, content }) => this.#show(person, life, id, content.body.text));
    }
    await messenger.start();
    return life;
  }

  #show(person: Person, { handled }: Life, id: string, text: string): void {
    if (handled.has(id)) this.#twice += 1;
    handled.add(id);
    if (person.screen.has(id)) this.#redelivered += 1;
    else person.screen.set(id, text);
  }

  async #receive(life: Life, node: SimulatedNode, bytes: Uint8Array): Promise<void> {
    const { messenger } = life;
    let answers: readonly Uint8Array[];
    try {
      answers = await messenger.receivedPackage(bytes);
    } catch (error) {
      // A flipped byte may leave no message at all.
      if (life.store.crashed) throw error;
      this.#refused['package'] = (this.#refused['package'] ?? 0) + 1;
      return;
    }
    for (const answer of answers) {
      const { receiver } = protocol.parseMessage(answer).envelope;
      if (node.isConnected) node.send(this.#nodeOf(receiver), answer);
    }
    await messenger.idle();
  }

  /** Kills a program: between two writes, in the middle of its work, or while nothing happens. */
  async #kill(person: Person): Promise<void> {
    const { life } = person;
    if (!life.store.crashed) life.store.crash();
    await life.messenger[Symbol.asyncDispose]();
  }

  #writeLater(person: Person): void {
    const { random } = person;
    if (person.left === 0) return;
    this.#time.after(random.between(...PAUSE), async () => {
      person.left -= 1;
      const to = random.pick(this.#people.filter((each) => each !== person));
      const number = (person.written.get(to) ?? 0) + 1;
      person.written.set(to, number);
      const text = `${person.name} ${number}`;
      person.unsure.push({ to, text });
      // Now and then the program dies in the middle of the next few writes.
      if (this.#options.faults.restart !== undefined && random.chance(0.002)) {
        const afterWrites = random.integer(6);
        person.life.store.crash({ afterWrites, unacknowledged: random.chance(0.5) });
        this.#time.after(random.between(1000, 20_000), () => person.restart());
      }
      await alive(person.life, () => this.#write(person));
      this.#writeLater(person);
    });
  }

  /** Writes what is not known to be on disk, in order. */
  async #write(person: Person): Promise<void> {
    const { life, unsure } = person;
    for (let next = unsure[0]; next !== undefined; next = unsure[0]) {
      await life.messenger.send(Text.create({ text: next.text }), next.to.id);
      unsure.shift();
    }
    await life.messenger.idle();
  }

  /** After a crash the outbox tells what had got onto the disk. */
  async #writeAgain(person: Person): Promise<void> {
    const known = await person.life.messenger.deliveries();
    const first = person.unsure[0];
    const isKnown = known.some(
      ({ receiver, content }) =>
        first !== undefined &&
        receiver.entity === first.to.id.entity &&
        (content.body as { text?: string }).text === first.text,
    );
    if (isKnown) person.unsure.shift();
    await this.#write(person);
  }

  #nodeOf(id: ID): string {
    if (id.isBroadcast) return STATION;
    return this.#people.find((each) => each.id.entity === id.entity)?.name ?? STATION;
  }

  #lost(): number {
    const sent = sum(this.#people.map(({ written }) => sum([...written.values()])));
    return sent - sum(this.#people.map(({ screen }) => new Set(screen.values()).size));
  }
}

/** A program that was killed does nothing any more, and nobody hears its complaints. */
async function alive(life: Life, task: () => Promise<void>): Promise<void> {
  if (life.store.crashed) return;
  try {
    await task();
  } catch (error) {
    if (!life.store.crashed) throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Texts that stand on a screen more than once. */
function repeated(screen: ReadonlyMap<string, string>): number {
  return screen.size - new Set(screen.values()).size;
}

/** Texts that stand behind a later one of the same sender. */
function disorder(screen: ReadonlyMap<string, string>): number {
  const last = new Map<string, number>();
  let wrong = 0;
  for (const text of screen.values()) {
    const cut = text.lastIndexOf(' ');
    const [sender, number] = [text.slice(0, cut), Number(text.slice(cut + 1))];
    if (number < (last.get(sender) ?? 0)) wrong += 1;
    else last.set(sender, number);
  }
  return wrong;
}
