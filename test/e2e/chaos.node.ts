import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '../../packages/testing/src/network.ts';
import { type StationProcess, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { newPerson, type Person } from './client-process.node.ts';
import { NetworkProxy } from './proxy.node.ts';

/** Options for {@link chaos}. */
export interface ChaosOptions {
  readonly seed: number;
  readonly clients: number;
  readonly messages: number;
  /** Time in milliseconds during which messages are sent and programs are killed. */
  readonly duration: number;
  /** Time in milliseconds after the last kill by which all messages must have arrived. */
  readonly patience: number;
  /** Time in milliseconds until an unconfirmed message is sent again; the default of clients if not set. */
  readonly resendAfter?: number;
}

/** Result of a run. */
export interface ChaosResult {
  /** Number of messages for which `send` has returned. */
  readonly sent: number;
  readonly shown: number;
  /** Sent texts that have not arrived. */
  readonly lost: readonly string[];
  /** Texts that were shown twice: as two messages, or again after they were confirmed. */
  readonly shownTwice: readonly string[];
  /** Texts that were shown after a later one of the same sender. */
  readonly outOfOrder: readonly string[];
  /** Number of messages that were shown again with the same ID, because the program was killed before it confirmed them. */
  readonly redelivered: number;
  readonly kills: { readonly station: number; readonly clients: number; readonly cuts: number };
  /** Number of refused messages by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Time in milliseconds from the last kill until all messages had arrived. */
  readonly settled: number;
}

/** Limit for the messages that a person sends without a pause. */
const MOST_AT_ONCE = 20;

/** A person and their proxy. */
interface Place {
  readonly person: Person;
  readonly proxy: NetworkProxy;
  /** Number of messages ordered so far, by receiver. */
  readonly written: Map<Place, number>;
  /** Whether the program is being killed and restarted. */
  busy: boolean;
}

/**
 * Lets people exchange messages while station and clients are killed at random and connections are cut. The seed determines
 * the plan; the timing depends on the machine.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const run = new ChaosRun(options);
  await run.begin();
  await run.disturb();
  return run.result(await run.settle());
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #random: SeededRandom;
  readonly #places: Place[] = [];
  readonly #kills = { station: 0, clients: 0, cuts: 0 };
  #folder = '';
  #station: StationProcess | undefined;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Starts station and clients. The clients do not know each other; the station sends metas and visas. */
  async begin(): Promise<void> {
    this.#folder = await temporaryFolder();
    await this.#startStation();
    const { clients, resendAfter } = this.#options;
    for (let index = 0; index < clients; index++) {
      const proxy = await NetworkProxy.open(this.#station?.port ?? 0);
      const person = newPerson(this.#folder, `client-${index}`, {
        port: proxy.port,
        framing: index % 3 === 2 ? 'websocket' : 'mtp',
        ...(resendAfter === undefined ? {} : { resendAfter }),
      });
      this.#places.push({ person, proxy, written: new Map(), busy: false });
    }
    await Promise.all(this.#places.map(({ person }) => person.start()));
    for (const { person } of this.#places) await person.until(() => person.state === 'online');
  }

  async disturb(): Promise<void> {
    const { messages, duration } = this.#options;
    const end = Date.now() + duration;
    const pause = (duration * (1 + MOST_AT_ONCE)) / 2 / messages;
    const faults = this.#faults(end);
    for (let left = messages; left > 0; ) {
      const count = Math.min(left, 1 + this.#random.integer(MOST_AT_ONCE));
      left -= count;
      this.#write(count);
      await sleep(this.#random.between(0, 2 * pause));
    }
    await faults;
  }

  /** Waits until all messages have arrived. @returns the time in milliseconds */
  async settle(): Promise<number> {
    const began = Date.now();
    while (this.#lost().length > 0 && Date.now() < began + this.#options.patience) await sleep(50);
    const took = Date.now() - began;
    // Duplicates would arrive late.
    await sleep(2000);
    return took;
  }

  result(settled: number): ChaosResult {
    const people = this.#places.map(({ person }) => person);
    const shown = people.flatMap(({ screen }) => [...screen.values()]);
    const refused: Record<string, number> = {};
    for (const word of people.flatMap(({ words }) => words)) {
      if (word.is === 'refused') refused[word.code] = (refused[word.code] ?? 0) + 1;
    }
    return {
      sent: people.reduce((sum, { sent }) => sum + sent.length, 0),
      shown: shown.length,
      lost: this.#lost(),
      shownTwice: people.flatMap((person) => [...person.repeated, ...doubled(person.texts)]),
      outOfOrder: people.flatMap(({ texts }) => disordered(texts)),
      redelivered: shown.reduce((sum, { times }) => sum + times - 1, 0),
      kills: this.#kills,
      refused,
      settled,
    };
  }

  async #startStation(): Promise<void> {
    const handshakes = ['--limits-handshake-rate', '100/1000'];
    this.#station = await startStation(join(this.#folder, 'station'), handshakes);
    for (const { proxy } of this.#places) proxy.target = this.#station.port;
  }

  /** Orders a random person to send messages to another one. An order that is lost with the program was never sent. */
  #write(count: number): void {
    const from = this.#random.pick(this.#places.filter(({ busy }) => !busy));
    const to = this.#random.pick(this.#places.filter((each) => each !== from));
    const before = from.written.get(to) ?? 0;
    from.written.set(to, before + count);
    const texts = Array.from(
      { length: count },
      (_, index) => `${from.person.name} to ${to.person.name}: ${before + index + 1}`,
    );
    from.person.tell({ do: 'send', to: to.person.id, texts });
  }

  async #faults(end: number): Promise<void> {
    const random = this.#random.fork('faults');
    const running: Promise<void>[] = [];
    let stationUp = true;
    while (Date.now() < end) {
      await sleep(random.between(100, 1000));
      const fault = random.next();
      const place = random.pick(this.#places);
      if (fault < 0.3) {
        if (!stationUp) continue;
        stationUp = false;
        const down = random.between(0, 1500);
        running.push(
          this.#killStation(down).finally(() => {
            stationUp = true;
          }),
        );
      } else if (fault < 0.75) {
        // At least one client must stay able to send.
        const others = this.#places.filter(({ busy }) => !busy);
        if (others.length > 1 && !place.busy)
          running.push(this.#killClient(place, random.between(0, 1500)));
      } else {
        place.proxy.cut();
        this.#kills.cuts += 1;
      }
    }
    await Promise.all(running);
  }

  async #killStation(down: number): Promise<void> {
    await this.#station?.kill();
    this.#kills.station += 1;
    await sleep(down);
    await this.#startStation();
  }

  async #killClient(place: Place, down: number): Promise<void> {
    place.busy = true;
    await place.person.kill();
    this.#kills.clients += 1;
    await sleep(down);
    await place.person.start();
    place.busy = false;
  }

  #lost(): string[] {
    const seen = new Set(this.#places.flatMap(({ person }) => person.texts));
    return this.#places.flatMap(({ person }) => person.sent).filter((text) => !seen.has(text));
  }
}

function doubled(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}

function disordered(texts: readonly string[]): readonly string[] {
  const last = new Map<string, number>();
  return texts.filter((text) => {
    const [who = '', number = '0'] = text.split(': ');
    const isBehind = Number(number) < (last.get(who) ?? 0);
    if (!isBehind) last.set(who, Number(number));
    return isBehind;
  });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
