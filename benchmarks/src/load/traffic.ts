import { performance } from 'node:perf_hooks';
import type { Cast } from './people/cast.ts';
import type { Connection, PayloadListener, Wire } from './wires/wire.ts';

/** How often the clock of an even load is looked at, in milliseconds. */
const TICK = 1;
/** Milliseconds without anything new after which messages are given up. */
const PATIENCE = 15_000;
/** How many messages stand between two questions, where a server tells only when it is asked. */
const QUESTION_EVERY = 8;

/** What came of some messages. */
export interface Outcome {
  readonly sent: number;
  /** Messages that arrived, or were taken where nobody waits for their arrival; each of them once. */
  readonly done: number;
  /** Arrivals of a message that had arrived before. */
  readonly repeated: number;
  /** From the first sending to the last arrival. */
  readonly seconds: number;
  /** From sending to arrival, in milliseconds, sorted; at an even load from when it was due. */
  readonly latencies: Float64Array;
  /** Share of one processor that this program took. */
  readonly loadCpu: number;
}

/** Which messages of each sender are meant. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

/** How messages are let go. */
export type Pace =
  /** So many of each sender may be on their way; a message has arrived when its receiver has it. */
  | { readonly kind: 'window'; readonly size: number }
  /** The same, and a message has arrived when the server has taken it. */
  | { readonly kind: 'accepted'; readonly size: number }
  /** So many of all senders per second, whatever comes of them. */
  | { readonly kind: 'even'; readonly perSecond: number };

interface Lane {
  /** Number of the sender. */
  readonly sender: number;
  readonly connection: Connection;
  /** All packages of the round, one behind the other, and where each ends. */
  readonly frames: Buffer;
  readonly ends: readonly number[];
  sent: number;
  done: number;
}

/** Sends messages and watches them arrive. One object for one round. */
export class Traffic {
  readonly #cast: Cast;
  readonly #range: Range;
  readonly #lanes: readonly Lane[];
  readonly #receivers: readonly Connection[];
  /** When each message was sent; 0 for one that was not, below 0 for one that has arrived. */
  readonly #sentAt: Float64Array;
  readonly #latencies: Float64Array;
  readonly #question: boolean;
  #done = 0;
  #repeated = 0;
  #lastAt = 0;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  /** Prepares the packages of a round; nothing is sent yet. */
  constructor(
    cast: Cast,
    wire: Wire,
    range: Range,
    senders: readonly Connection[],
    receivers: readonly Connection[],
    names: readonly string[],
  ) {
    this.#cast = cast;
    this.#range = range;
    this.#receivers = receivers;
    this.#question = wire.question !== undefined;
    this.#sentAt = new Float64Array(senders.length * range.count);
    this.#latencies = new Float64Array(senders.length * range.count);
    this.#lanes = senders.map((connection, sender) => {
      const frames: Buffer[] = [];
      const ends: number[] = [];
      let end = 0;
      for (let index = 0; index < range.count; index++) {
        const message = (range.first + index) % cast.depth;
        const name = names[cast.receiverOf(sender, message)] ?? '';
        let frame = wire.frame(cast.payload(sender, message), name);
        const asked = (index + 1) % QUESTION_EVERY === 0 || index + 1 === range.count;
        if (asked && wire.question !== undefined) {
          frame = Buffer.concat([frame, wire.question]);
        }
        frames.push(frame);
        end += frame.length;
        ends.push(end);
      }
      return { sender, connection, frames: Buffer.concat(frames), ends, sent: 0, done: 0 };
    });
  }

  /**
   * Sends all of it.
   *
   * @returns when everything has arrived, or nothing has come for long
   * @throws if a connection is lost
   */
  async run(pace: Pace): Promise<Outcome> {
    const cpu = process.cpuUsage();
    const start = performance.now();
    this.#lastAt = start;
    const ended = new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#listen(pace);
    const watch = setInterval(() => {
      if (performance.now() - this.#lastAt > PATIENCE) this.#finish();
    }, 500);
    if (pace.kind === 'even') void this.#evenly(start, pace.perSecond);
    else for (const lane of this.#lanes) this.#advance(lane, pace.size, start);
    try {
      await ended;
    } finally {
      clearInterval(watch);
      this.#ignore();
    }
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    return {
      sent: this.#lanes.reduce((sum, { sent }) => sum + sent, 0),
      done: this.#done,
      repeated: this.#repeated,
      seconds: (this.#lastAt - start) / 1000,
      latencies: this.#latencies.subarray(0, this.#done).sort(),
      loadCpu: (user + system) / 1000 / wall,
    };
  }

  /** Counts what has been waiting for receivers, without sending anything; they are told of by {@link arrived}. */
  collect(): Promise<Outcome> {
    this.#sentAt.fill(performance.now());
    for (const lane of this.#lanes) lane.sent = lane.ends.length;
    return this.run({ kind: 'window', size: 0 });
  }

  /** Listener of a receiver. */
  readonly arrived: PayloadListener = (bytes, start, end) => this.#arrived(bytes, start, end, 0);

  #listen(pace: Pace): void {
    const lost = () => this.#fail(new Error('the server closed a connection'));
    const size = pace.kind === 'even' ? 0 : pace.size;
    if (pace.kind !== 'accepted') {
      for (const receiver of this.#receivers) {
        receiver.onLost = lost;
        receiver.onPayload = (bytes, from, to) => this.#arrived(bytes, from, to, size);
      }
    }
    for (const lane of this.#lanes) {
      lane.connection.onLost = lost;
      if (pace.kind === 'accepted') {
        lane.connection.onAccepted = (count) =>
          this.#accepted(lane, this.#question ? count * QUESTION_EVERY : count, size);
      }
    }
  }

  #ignore(): void {
    for (const connection of [...this.#receivers, ...this.#lanes.map((lane) => lane.connection)]) {
      connection.onPayload = () => {};
      connection.onAccepted = () => {};
    }
  }

  #arrived(bytes: Buffer, from: number, to: number, size: number): void {
    const number = this.#cast.numberOf(bytes, from, to);
    if (number === undefined) return;
    const { depth } = this.#cast;
    const sender = Math.floor(number / depth);
    const index = ((number % depth) - this.#range.first + depth) % depth;
    const lane = this.#lanes[sender];
    if (index >= this.#range.count || lane === undefined) return;
    const slot = sender * this.#range.count + index;
    const sentAt = this.#sentAt[slot] as number;
    if (sentAt <= 0) {
      this.#repeated += 1;
      return;
    }
    const now = performance.now();
    this.#sentAt[slot] = -1;
    this.#count(now, now - sentAt);
    lane.done += 1;
    if (size > 0) this.#advance(lane, size, now);
  }

  #accepted(lane: Lane, count: number, size: number): void {
    const now = performance.now();
    // They are taken in the order of sending.
    for (let index = 0; index < count && lane.done < lane.sent; index++) {
      const sentAt = this.#sentAt[lane.sender * this.#range.count + lane.done] as number;
      lane.done += 1;
      this.#count(now, now - sentAt);
    }
    this.#advance(lane, size, now);
  }

  #count(now: number, latency: number): void {
    this.#latencies[this.#done] = latency;
    this.#done += 1;
    this.#lastAt = now;
    if (this.#done === this.#sentAt.length) this.#finish();
  }

  /** Sends as much as the window lets through, when half of it is free: in fewer writes then. */
  #advance(lane: Lane, size: number, now: number): void {
    const free = size - (lane.sent - lane.done);
    const left = lane.ends.length - lane.sent;
    if (left > 0 && free >= Math.min(left, Math.ceil(size / 2))) {
      this.#send(lane, Math.min(free, left), now);
    }
  }

  #send(lane: Lane, count: number, now: number): void {
    const start = lane.sent === 0 ? 0 : (lane.ends[lane.sent - 1] as number);
    const slot = lane.sender * this.#range.count + lane.sent;
    this.#sentAt.fill(now, slot, slot + count);
    lane.sent += count;
    lane.connection.write(lane.frames.subarray(start, lane.ends[lane.sent - 1]));
  }

  /** Latency counts from the moment a message was due, so that a stall shows in all messages that it delayed. */
  async #evenly(start: number, perSecond: number): Promise<void> {
    const total = this.#sentAt.length;
    const interval = 1000 / perSecond;
    let next = 0;
    while (next < total) {
      const due = Math.min(total, Math.floor((performance.now() - start) / interval) + 1);
      for (; next < due; next++) {
        const lane = this.#lanes[next % this.#lanes.length];
        if (lane !== undefined) this.#send(lane, 1, start + next * interval);
      }
      await new Promise((resolve) => setTimeout(resolve, TICK));
    }
  }
}

/** The latency that this share of the messages did not exceed, in milliseconds. */
export function percentile({ latencies }: Outcome, share: number): number {
  return latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0;
}
