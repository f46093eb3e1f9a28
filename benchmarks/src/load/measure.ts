import { setTimeout as sleep } from 'node:timers/promises';
import type { Cast } from './people/cast.ts';
import type { Plan } from './plan.ts';
import { cpuSeconds, residentBytes } from './process-usage.ts';
import type { Role, Target } from './targets/target.ts';
import { type Outcome, type Pace, type Range, Traffic } from './traffic.ts';
import type { Connection, PayloadListener } from './wires/wire.ts';

/** Time between two keep-alives, well below the timeouts of servers (spec §12.4). */
const ALIVE_MS = 20_000;
/** Concurrent log-ins. */
const AT_ONCE = 16;
/** Log-ins before memory is measured, so that all code is loaded. */
const WARMING_LOGINS = 50;
/** A server that uses no processor time for this long (ms) has finished; and the longest wait for that. */
const QUIET = 200;
const MOST_QUIET = 10_000;

/** Resources that a server used for some messages. */
export interface Measured extends Outcome {
  /** Processor time of the server for one message, in microseconds, including later work. */
  readonly cpuMicros: number | undefined;
}

/** Resources that idle connections use. */
export interface Idle {
  readonly connections: number;
  readonly loginsPerSecond: number;
  /** Memory of the process for each connection, in bytes. */
  readonly residentBytes: number | undefined;
  /** Heap and buffers for each connection, in bytes, if the server can tell. */
  readonly usedBytes: number | undefined;
}

/** A target with all users logged in. */
export class Course {
  readonly target: Target;
  readonly #cast: Cast;
  readonly #senders: readonly Connection[];
  #receivers: readonly Connection[];
  readonly #alive: NodeJS.Timeout;
  /** The first message of each sender that was not sent to this target yet. */
  #next = 0;

  private constructor(
    target: Target,
    cast: Cast,
    senders: readonly Connection[],
    receivers: readonly Connection[],
  ) {
    this.target = target;
    this.#cast = cast;
    this.#senders = senders;
    this.#receivers = receivers;
    this.#alive = keptAlive(target, () => [...this.#senders, ...this.#receivers]);
  }

  static async open(target: Target, cast: Cast): Promise<Course> {
    const receivers = await logins(target, 'receiver', cast.receivers.length);
    const senders = await logins(target, 'sender', cast.senders.length);
    return new Course(target, cast, senders, receivers);
  }

  /** Sends messages and waits until the server is idle. */
  async run(pace: Pace, perSender: number): Promise<Measured> {
    const traffic = this.#prepare(perSender);
    return this.#measured(() => traffic.run(pace));
  }

  /** Sends messages to absent receivers, then logs the receivers in. */
  async offline(
    perSender: number,
    window: number,
  ): Promise<{ stored: Measured; drained: Measured }> {
    for (const receiver of this.#receivers) receiver.close();
    await sleep(500);
    const range = this.#take(perSender);
    const size = Math.max(window, 16);
    const storing = this.#traffic(range, []);
    const stored = await this.#measured(() => storing.run({ kind: 'accepted', size }));
    // Receivers get their messages when they log in, so the clock starts before the first login.
    const collecting = this.#traffic(range, []);
    const drained = await this.#measured(async () => {
      const outcome = collecting.collect();
      const { length } = this.#cast.receivers;
      this.#receivers = await logins(this.target, 'receiver', length, {
        listen: collecting.arrived,
      });
      return outcome;
    });
    return { stored, drained };
  }

  /** Ends all connections. */
  close(): void {
    clearInterval(this.#alive);
    for (const connection of [...this.#senders, ...this.#receivers]) connection.close();
  }

  #prepare(perSender: number): Traffic {
    return this.#traffic(this.#take(perSender), this.#receivers);
  }

  #take(count: number): Range {
    const { depth } = this.#cast;
    if (this.target.unique && this.#next + count > depth) {
      throw new RangeError('the cast has too few messages');
    }
    const first = this.#next % depth;
    this.#next += count;
    return { first, count: Math.min(count, depth) };
  }

  #traffic(range: Range, receivers: readonly Connection[]): Traffic {
    const names = this.#cast.receivers.map((_, number) => this.target.nameOf(number));
    return new Traffic(this.#cast, this.target.wire, range, this.#senders, receivers, names);
  }

  async #measured(work: () => Promise<Outcome>): Promise<Measured> {
    const before = await cpuSeconds(this.target.pid);
    const outcome = await work();
    await quiet(this.target.pid);
    const after = await cpuSeconds(this.target.pid);
    const seconds = before === undefined || after === undefined ? undefined : after - before;
    return {
      ...outcome,
      cpuMicros: seconds === undefined ? undefined : (seconds * 1e6) / Math.max(1, outcome.done),
    };
  }
}

/** Measures idle connections at a fresh server. */
export async function idle(target: Target, { idle: count }: Plan): Promise<Idle> {
  const all: Connection[] = [];
  let lost = 0;
  const alive = keptAlive(target, () => all);
  const warming = Math.min(WARMING_LOGINS, Math.floor(count / 2));
  all.push(...(await logins(target, 'idle', warming)));
  await sleep(target.forgetsAfter);
  await target.settle();
  await quiet(target.pid);
  const usedBefore = await target.settle();
  const residentBefore = await residentBytes(target.pid);
  const start = performance.now();
  const more = await logins(target, 'idle', count - warming, { first: warming });
  const seconds = (performance.now() - start) / 1000;
  all.push(...more);
  for (const connection of all) {
    connection.onLost = () => {
      lost += 1;
    };
  }
  await sleep(target.forgetsAfter);
  await target.settle();
  await quiet(target.pid);
  const used = difference(usedBefore, await target.settle(), more.length);
  const resident = difference(residentBefore, await residentBytes(target.pid), more.length);
  clearInterval(alive);
  for (const connection of all) connection.close();
  if (lost > 0) throw new Error(`${lost} idle connections were lost`);
  return {
    connections: more.length,
    loginsPerSecond: more.length / seconds,
    residentBytes: resident,
    usedBytes: used,
  };
}

function difference(
  before: number | undefined,
  after: number | undefined,
  count: number,
): number | undefined {
  return before === undefined || after === undefined ? undefined : (after - before) / count;
}

/** Logs users in, some at a time. */
async function logins(
  target: Target,
  kind: Role['kind'],
  count: number,
  {
    first = 0,
    listen = () => {},
  }: { readonly first?: number; readonly listen?: PayloadListener } = {},
): Promise<readonly Connection[]> {
  const connections: Connection[] = [];
  let next = first;
  const work = async () => {
    while (next < first + count) {
      const number = next++;
      connections[number - first] = await target.login({ kind, number }, listen);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  return connections;
}

/** Keeps connections alive. */
function keptAlive({ wire }: Target, connections: () => readonly Connection[]): NodeJS.Timeout {
  return setInterval(() => {
    if (wire.ping === undefined) return;
    for (const connection of connections()) connection.write(wire.ping);
  }, ALIVE_MS).unref();
}

/** Waits until a process is idle. */
async function quiet(pid: number): Promise<void> {
  const end = Date.now() + MOST_QUIET;
  let before = await cpuSeconds(pid);
  while (Date.now() < end) {
    await sleep(QUIET);
    const now = await cpuSeconds(pid);
    // A timer may use one tick.
    if (now === undefined || before === undefined || now - before <= 0.011) return;
    before = now;
  }
}
