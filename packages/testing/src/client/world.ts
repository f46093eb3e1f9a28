import { Facebook, Messenger } from '@dimp/client';
import { createProtocol, type Extension, type Protocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { EntityType, type ID } from '@dimp/mkm';
import { type NetworkFaults, SimulatedNetwork } from '../network/simulated-network.ts';
import { VirtualTime } from '../network/virtual-time.ts';
import { putIdentity } from './identities.ts';
import { Person, type PersonParts } from './person.ts';
import { WorldLine, WorldRoutes } from './world-network.ts';

/** Options for {@link simulatedWorld}. */
export interface WorldOptions<N extends string> {
  /** Names of the people. */
  readonly people: readonly N[];
  /** Decides every fault of the network; 1 by default. */
  readonly seed?: number | string;
  /** The plug-ins of the protocol; `standard()` and `chat()` by default. */
  readonly extensions?: readonly Extension[];
  /** What goes wrong on the network; nothing by default. */
  readonly faults?: NetworkFaults;
  /** More options of all clients. */
  readonly client?: Omit<PersonParts['options'], 'extensions'>;
}

/** People with clients on a network in this process, in time that the test lets pass. */
export type SimulatedWorld<N extends string> = World & { readonly [K in N]: Person };

/** Virtual milliseconds between two looks whether something is left to do. */
const STEP_MS = 200;
/** How long nothing must happen before the world counts as settled: longer than read marks and gathered receipts wait. */
const QUIET_MS = 4000;
/** Longest virtual time that `settle` lets pass. */
const SETTLE_MS = 10 * 60_000;

/**
 * Makes people who have a client each, on a simulated network, with virtual time and stores in memory. They find each other's keys
 * in a directory, as at a station.
 *
 * @example
 * ```ts
 * const world = await simulatedWorld({ people: ['ana', 'bo'] });
 * await world.bo.say('ana', 'Dinner?');
 * await world.settle();
 * console.log(await world.ana.read('bo')); // ['Dinner?']
 * await world.close();
 * ```
 */
export async function simulatedWorld<const N extends string>(
  options: WorldOptions<N>,
): Promise<SimulatedWorld<N>> {
  const world = await World.make(options);
  const people: Record<string, Person> = {};
  for (const name of options.people) {
    if (name in world) throw new TypeError(`"${name}" must not be the name of a person`);
    people[name] = await world.join(name);
  }
  return Object.assign(world, people) as SimulatedWorld<N>;
}

/** See {@link simulatedWorld}. */
export class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly protocol: Protocol;
  readonly #seed: string;
  readonly #extensions: readonly Extension[];
  readonly #clientOptions: WorldOptions<string>['client'];
  readonly #network: SimulatedNetwork;
  readonly #routes = new WorldRoutes();
  readonly #people = new Map<string, Person>();
  #directory: Messenger | undefined;

  private constructor({ seed = 1, extensions, faults, client }: WorldOptions<string>) {
    this.#seed = String(seed);
    this.#extensions = extensions ?? [standard(), chat()];
    this.#clientOptions = client;
    this.protocol = createProtocol(...this.#extensions);
    this.#network = new SimulatedNetwork({
      seed: this.#seed,
      time: this.time,
      ...(faults === undefined ? {} : { faults }),
    });
  }

  static async make(options: WorldOptions<string>): Promise<World> {
    const world = new World(options);
    await world.#openDirectory();
    return world;
  }

  /** What happens to the connections of people. */
  readonly network = {
    /** Takes a person off the network. */
    offline: (name: string): void => {
      this.person(name).online = false;
    },
    online: (name: string): void => {
      this.person(name).online = true;
    },
    /** From now on the network loses and damages nothing any more. */
    calm: (): void => this.#network.calm(),
  };

  readonly clock = {
    /** Milliseconds since the epoch. */
    now: (): number => this.time.now(),
    /** Lets time pass, with everything that is due meanwhile. @param time - milliseconds, or such as `90s`, `5min`, `3h`, `2d` */
    advance: (time: number | string): Promise<void> => this.#pass(millisecondsOf(time)),
  };

  /** A person of this world. */
  person(name: string): Person {
    const person = this.#people.get(name);
    if (person === undefined) throw new TypeError(`there is no "${name}" in this world`);
    return person;
  }

  /** Makes one more person. */
  async join(name: string, options: Partial<PersonParts['options']> = {}): Promise<Person> {
    if (this.#people.has(name)) throw new TypeError(`there is a "${name}" already`);
    const { protocol, time } = this;
    const line = this.#line(name);
    const durable = memoryStore();
    await putIdentity(durable, { name, network: EntityType.User }, { protocol, clock: time });
    const person = await Person.open({
      name,
      seed: this.#seed,
      durable,
      time,
      line,
      options: { ...this.#clientOptions, extensions: this.#extensions, ...options },
      idOf: (nameOrID) => this.#people.get(nameOrID)?.id ?? nameOrID,
    });
    this.#people.set(name, person);
    this.#routes.add(protocol.parseID(person.id), name);
    await this.#publish(person);
    return person;
  }

  kill(name: string): Promise<void> {
    return this.person(name).kill();
  }

  restart(name: string): Promise<void> {
    return this.person(name).restart();
  }

  /**
   * Lets time pass until nothing is left to do: all messages have arrived, and nobody answers any more.
   *
   * @throws `Error` if that does not happen within ten minutes of virtual time
   */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let passed = 0; quiet < QUIET_MS; passed += STEP_MS) {
      if (passed > SETTLE_MS) throw new Error('the world does not settle');
      const before = this.#packets();
      await this.#pass(STEP_MS);
      const isBusy = this.#packets() !== before || this.#underWay() > 0;
      quiet = isBusy ? 0 : quiet + STEP_MS;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#people.values()].map(({ client }) => client.close()));
    await this.#directory?.close();
  }

  async #openDirectory(): Promise<void> {
    const store = memoryStore();
    const facebook = new Facebook({ protocol: this.protocol, store, clock: this.time });
    const id = await putIdentity(
      store,
      { name: 'directory', network: EntityType.Station },
      facebook,
    );
    const line = this.#line(this.#routes.directory);
    const messenger = new Messenger({
      facebook,
      timers: this.time,
      sendPackage: line.send,
      directory: true,
    });
    line.join((bytes: Uint8Array) => messenger.receivedPackage(bytes));
    this.#routes.add(id, this.#routes.directory);
    await messenger.start();
    this.#directory = messenger;
  }

  #line(name: string): WorldLine {
    const { protocol, time } = this;
    const nodeOf = (receiver: ID): string | undefined => this.#routes.nodeOf(receiver);
    return new WorldLine({ network: this.#network, time, protocol, name, nodeOf });
  }

  /** Lets the directory know a person's key. */
  async #publish({ client }: Person): Promise<void> {
    const { user } = client.parts ?? {};
    const [meta, visa] = [await user?.meta(), await user?.visa()];
    const facebook = this.#directory?.facebook;
    if (user === undefined || meta === undefined || visa === undefined) return;
    await facebook?.saveMeta(meta, user.id);
    await facebook?.saveDocument(visa, user.id);
  }

  async #pass(ms: number): Promise<void> {
    let over = false;
    this.time.after(ms, () => {
      over = true;
    });
    await this.#rest();
    await this.time.run({ until: () => over });
    await this.#rest();
  }

  /** Waits until no program has anything to do at this moment of virtual time. */
  async #rest(): Promise<void> {
    for (const person of this.#people.values()) await person.idle();
    await this.#directory?.idle();
    // A turn for what the test itself does, such as a bot that answers.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  #packets(): number {
    const { sent, delivered } = this.#network.statistics;
    return sent + delivered;
  }

  #underWay(): number {
    const { sent, duplicated, delivered, dropped } = this.#network.statistics;
    return sent + duplicated - delivered - dropped;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function millisecondsOf(time: number | string): number {
  if (typeof time === 'number') return time;
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min|h|d)$/.exec(time) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined) {
    throw new TypeError('time must be milliseconds, or such as 90s, 5min, 3h, 2d');
  }
  return Number(digits) * factor;
}
