import { isWaiting, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { Signer } from '@dimp/crypto';
import { receiptFor } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64 } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import {
  crashingStore,
  type SeededRandom,
  SimulatedNetwork,
  type SimulatedNode,
  seededRandom,
  VirtualTime,
} from '@dimp/testing/network';
import { Facebook, Messenger, register } from '../src/index.ts';
import { protocol } from './people.ts';
import type { SimulationOptions, SimulationResult } from './simulation-options.ts';
import {
  alive,
  type Device,
  disorder,
  type Kind,
  kindsOf,
  type Life,
  oldDialect,
  type Person,
  publish,
  repeated,
  settle,
  sum,
  tabletOf,
} from './simulation-people.ts';

/** How long a person who registers again has no device, at most, in virtual milliseconds. */
const LONGEST_ABSENCE = 60_000;

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

class Simulation {
  readonly #options: SimulationOptions;
  readonly #time = new VirtualTime();
  readonly #network: SimulatedNetwork;
  readonly #random: SeededRandom;
  readonly #people: Person[] = [];
  /** Second devices, by the name of whom they belong to. */
  readonly #tablets = new Map<string, Person>();
  readonly #takes: SeededRandom;
  #station: Life | undefined;
  /** Who is without a device. */
  #awaited = 0;
  readonly #refused: Record<string, number> = {};
  readonly #start = this.#time.now();
  #lives = 0;
  #redelivered = 0;
  #twice = 0;
  #waited = 0;
  #longestWait = 0;
  #dropped = 0;
  #readBefore = 0;
  #calm = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { seed, faults } = options;
    this.#network = new SimulatedNetwork({ seed, time: this.#time, faults });
    this.#random = seededRandom(`people of ${seed}`);
    this.#takes = seededRandom(`station of ${seed}`);
  }

  /** Each person knows only themselves. The station knows all, and answers questions. */
  async populate(): Promise<void> {
    const directory = memoryStore();
    const station = new Facebook({ protocol, store: directory, clock: this.#time });
    const network = EntityType.Station;
    await register(STATION, { facebook: station, network, ...this.#identity(STATION) });
    const { clients, messages } = this.#options;
    const kinds = kindsOf(this.#options);
    const writers = kinds.filter((kind) => kind !== 'anew').length;
    for (let n = 0; n < clients; n++) {
      const name = `client ${n}`;
      const kind = kinds[n] ?? 'usual';
      const durable = memoryStore();
      const user = await settle(name, this.#device(name, kind, durable));
      await publish(user, station);
      const left = kind === 'anew' ? 0 : Math.floor(messages / writers);
      this.#people.push(await this.#join(name, kind, user.id, durable, left));
      if (kind !== 'terminals') continue;
      const tablet = memoryStore();
      await publish(
        await settle(name, { ...this.#device(name, kind, tablet), terminal: 'tablet' }),
        station,
      );
      this.#tablets.set(name, await this.#join(tabletOf(name), kind, user.id, tablet, 0));
    }
    this.#station = (await this.#plug(STATION, directory, undefined)).life;
  }

  #device(name: string, kind: Kind, store: Store): Device {
    return { kind, store, clock: this.#time, identity: this.#identity(name) };
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
    for (const person of this.#people) if (person.kind === 'anew') this.#beginAnewLater(person);
    const describe = (): string =>
      [`seed ${this.#options.seed}`, ...this.#network.lastEvents].join('\n');
    const quiet = (): boolean =>
      this.#people.every(({ left }) => left === 0) && this.#awaited === 0;
    await this.#time.run({ until: quiet, maxEvents: 100_000_000, describe });
    this.#network.calm();
    this.#calm = true;
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
      shown: sum(this.#people.map((person) => this.#readBy(person).size)),
      lost: this.#lost(),
      shownTwice: this.#twice + sum(this.#people.map(({ screen }) => repeated(screen))),
      outOfOrder: sum(this.#people.map(({ screen }) => disorder(screen))),
      redelivered: this.#redelivered,
      waited: this.#waited,
      longestWait: this.#longestWait,
      dropped: this.#dropped,
      readBefore: this.#readBefore,
      unconfirmed,
      refused: this.#refused,
      statistics: this.#network.statistics,
      trace: this.#network.trace,
      took: this.#time.now() - this.#start,
    };
  }

  async #join(name: string, kind: Kind, id: ID, durable: Store, left: number): Promise<Person> {
    const person = {
      name,
      kind,
      id,
      durable,
      random: this.#random.fork(name),
      screen: new Map<string, string>(),
      readOnOldDevice: new Set<string>(),
      waiting: new Map<string, number>(),
      absent: false,
      unsure: [],
      written: new Map<Person, number>(),
      left,
    } as Partial<Person> as Person;
    Object.assign(person, await this.#plug(name, durable, person));
    return person;
  }

  /** Connects a program that can be killed. */
  async #plug(
    name: string,
    durable: Store,
    person: Person | undefined,
  ): Promise<Pick<Person, 'node' | 'life' | 'restart'>> {
    let life = undefined as unknown as Life;
    const node = this.#network.join(name, {
      receive: (bytes) =>
        alive(life, async () => {
          if (person === undefined && (await this.#drop(life, node, bytes))) return;
          await this.#receive(life, node, bytes);
        }),
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
      if (person === undefined || person.absent) return;
      await this.#kill(person);
      life = await this.#begin(name, person.durable, node, person);
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
      ...(person?.kind === 'old' ? { dialect: oldDialect } : {}),
      sendPackage: async (bytes, receiver) => {
        const to = this.#nodeOf(receiver);
        const isTaken =
          to !== STATION && !this.#calm && this.#takes.chance(this.#options.stationDrops ?? 0);
        node.send(isTaken ? STATION : to, bytes);
        if (this.#tablets.has(to)) node.send(tabletOf(to), bytes);
      },
    });
    const life: Life = { store, messenger, handled: new Set() };
    messenger.on('deferred', ({ id, reason, since }) => {
      if (reason === 'order') person?.waiting.set(id, since);
    });
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
    const { waiting } = person;
    const since = waiting.get(id);
    if (since !== undefined) {
      this.#waited += 1;
      this.#longestWait = Math.max(this.#longestWait, this.#time.now() - since);
      waiting.delete(id);
    }
    // The new device knows nothing of what the old one has shown.
    if (person.readOnOldDevice.has(text)) {
      this.#readBefore += 1;
      return;
    }
    if (person.screen.has(id)) this.#redelivered += 1;
    else person.screen.set(id, text);
  }

  /** The station accepts a message for another user, reports that it has delivered it, and drops it. */
  async #drop({ messenger }: Life, node: SimulatedNode, bytes: Uint8Array): Promise<boolean> {
    let message: ReturnType<typeof protocol.parseMessage>;
    try {
      message = protocol.parseMessage(bytes);
    } catch {
      return false;
    }
    const { envelope, signature } = message;
    if (this.#nodeOf(envelope.receiver) === STATION) return false;
    this.#dropped += 1;
    const receipt = receiptFor(envelope, 'Message delivered.', { signature });
    const sender = await messenger.facebook.localUsers();
    const packed = await messenger.pack(receipt, envelope.sender, {
      ...(sender[0] === undefined ? {} : { sender: sender[0].id }),
      attachMeta: true,
      attachVisa: true,
    });
    if (!isWaiting(packed) && node.isConnected) {
      node.send(this.#nodeOf(envelope.sender), messenger.serialize(packed));
    }
    return true;
  }

  /** Somewhere in the middle a device is lost, and a new one has nothing but the words. */
  #beginAnewLater(person: Person): void {
    this.#awaited += 1;
    this.#time.after(person.random.between(20_000, 60_000), async () => {
      person.absent = true;
      await this.#kill(person);
      for (const text of person.screen.values()) person.readOnOldDevice.add(text);
      this.#time.after(person.random.between(1000, LONGEST_ABSENCE), async () => {
        this.#awaited -= 1;
        person.durable = memoryStore();
        person.absent = false;
        const user = await settle(
          person.name,
          this.#device(person.name, person.kind, person.durable),
        );
        if (this.#station === undefined) throw new Error('the station stands before all people');
        await publish(user, this.#station.messenger.facebook);
        await person.restart();
      });
    });
  }

  async #receive(life: Life, node: SimulatedNode, bytes: Uint8Array): Promise<void> {
    const { messenger } = life;
    const answers = await messenger.receivedPackage(bytes);
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
    await life.messenger.close();
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

  /** The messages that a person has read, on any device. */
  #readBy({ name, screen, readOnOldDevice }: Person): ReadonlySet<string> {
    const tablet = this.#tablets.get(name)?.screen.values() ?? [];
    return new Set([...screen.values(), ...readOnOldDevice, ...tablet]);
  }

  #lost(): number {
    const sent = sum(this.#people.map(({ written }) => sum([...written.values()])));
    return sent - sum(this.#people.map((person) => this.#readBy(person).size));
  }
}
