import { setTimeout as sleep } from 'node:timers/promises';
import { StationSession } from '@dimp/client/session';
import { Text } from '@dimp/extensions/contents';
import { connectTcp } from '@dimp/transport-tcp';
import { introduce, KINDS, newPerson, type Person } from '../people.ts';

/** Latencies of messages that honest users exchange, in milliseconds. */
export interface Latencies {
  readonly sent: number;
  readonly received: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** Pairs of users who write to each other at an even, human pace over a station. */
export class HonestPairs {
  readonly #pairs: readonly Pair[];

  private constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  static async login(count: number, host: string, port: number): Promise<HonestPairs> {
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i++) pairs.push(await Pair.login(host, port));
    return new HonestPairs(pairs);
  }

  /** Lets each pair exchange a message every `pauseMs`, and waits for stragglers for `patienceMs`. */
  async run(durationMs: number, pauseMs: number, patienceMs: number): Promise<Latencies> {
    const began = performance.now();
    let sent = 0;
    const found: number[] = [];
    const sendings: Promise<void>[] = [];
    while (performance.now() - began < durationMs) {
      for (const pair of this.#pairs) {
        sent += 1;
        sendings.push(pair.send().then((latency) => void found.push(latency)));
      }
      await sleep(pauseMs);
    }
    await Promise.race([Promise.all(sendings), sleep(patienceMs)]);
    const sorted = [...found].sort((a, b) => a - b);
    const at = (part: number): number =>
      sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
    return { sent, received: sorted.length, median: at(0.5), p99: at(0.99), max: at(1) };
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) await pair.close();
  }
}

/** Two users who are logged in; one of them writes to the other. */
class Pair {
  readonly #write: (text: string) => Promise<unknown>;
  readonly #waiting = new Map<string, () => void>();
  readonly #closing: (() => Promise<void>)[] = [];
  #count = 0;

  private constructor(moki: Person, hulk: Person) {
    this.#write = (text) => moki.messenger.send(Text.create({ text }), hulk.id);
    hulk.messenger.handle(Text, ({ content }) => {
      const { text } = content.body;
      this.#waiting.get(text)?.();
      this.#waiting.delete(text);
    });
  }

  static async login(host: string, port: number): Promise<Pair> {
    const kind = KINDS.find(({ name }) => name === 'RSA-2048');
    if (kind === undefined) throw new TypeError('there is no RSA-2048');
    const [moki, hulk] = [await newPerson(kind), await newPerson(kind)];
    await introduce(moki, hulk);
    const pair = new Pair(moki, hulk);
    for (const { messenger, id } of [moki, hulk]) {
      const stations = [{ connect: connectTcp({ host, port }), host, port }];
      const session = new StationSession({ messenger, stations, user: id });
      pair.#closing.push(
        () => session.stop(),
        () => messenger.close(),
      );
      await session.start();
      await session.online(AbortSignal.timeout(60_000));
    }
    return pair;
  }

  /** @returns milliseconds until the receiver's handler has the message */
  async send(): Promise<number> {
    const text = String(this.#count++);
    const began = performance.now();
    const arrival = new Promise<void>((resolve) => {
      this.#waiting.set(text, resolve);
    });
    await this.#write(text);
    await arrival;
    return performance.now() - began;
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}
