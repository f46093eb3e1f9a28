import { performance } from 'node:perf_hooks';
import type { Cast } from './people/cast.ts';
import type { Connection, PayloadListener, Wire } from './wires/wire.ts';

/** How often an even load checks the clock. */
const TICK_MS = 1;
/** Messages count as lost after this time without an arrival. */
const PATIENCE_MS = 15_000;
/** How many messages are between two questions, for a server that confirms only when asked. */
const QUESTION_EVERY = 8;

/** Result of sending messages. */
export interface Outcome {
  readonly sent: number;
  /** Messages that arrived, or were accepted if there is no receiver; each counts once. */
  readonly done: number;
  /** Repeated arrivals. */
  readonly repeated: number;
  /** From the first sending to the last arrival. */
  readonly seconds: number;
  /** From sending to arrival, in milliseconds, sorted; at an even load from the time when it was due. */
  readonly latencies: Float64Array;
  /** Share of one processor that this program used. */
  readonly loadCpu: number;
}

/** Range of the messages of each sender. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

/** Pace of sending. */
export type Pace =
  /** This many messages of each sender may be in flight until their receiver has them. */
  | { readonly kind: 'window'; readonly size: number }
  /** This many messages of each sender may be in flight until the server has accepted them. */
  | { readonly kind: 'accepted'; readonly size: number }
  /** This many messages of all senders per second, without waiting for arrivals. */
  | { readonly kind: 'even'; readonly perSecond: number };

interface Lane {
  /** Number of the sender. */
  readonly sender: number;
  readonly connection: Connection;
  /** All packages of the round in one buffer, and where each ends. */
  readonly frames: Buffer;
  readonly ends: readonly number[];
  sent: number;
  done: number;
}

/** Sends the messages of one round and records their arrival. */
export class Traffic {
  readonly #cast: Cast;
  readonly #range: Range;
  readonly #lanes: readonly Lane[];
  readonly #receivers: readonly Connection[];
  /** When each message was sent; 0 if it was not, below 0 if it has arrived. */
  readonly #sentAt: Float64Array;
  readonly #latencies: Float64Array;
  readonly #question: boolean;
  #done = 0;
  #repeated = 0;
  #lastAt = 0;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  /** Prepares the packages of a round without sending them. */
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
   * Sends all messages.
   *
   * @returns when everything has arrived, or nothing has arrived for a long time
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
      if (performance.now() - this.#lastAt > PATIENCE_MS) this.#finish();
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

  /** Counts stored messages for receivers without sending any; {@link arrived} reports them. */
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
    // The server accepts them in the order of sending.
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

  /** Sends as much as the window allows once half of it is free, which needs fewer writes. */
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
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }
}

/** The latency that this share of the messages did not exceed, in milliseconds. */
export function percentile({ latencies }: Outcome, share: number): number {
  return latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0;
}
