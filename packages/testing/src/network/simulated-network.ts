import { type MaybePromise, ProtocolError } from '@dimp/foundation';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A range of milliseconds. */
export type Span = readonly [low: number, high: number];

/** What goes wrong, and how often. Probabilities are from 0 to 1. */
export interface NetworkFaults {
  /** Packets that never arrive. */
  readonly drop?: number;
  /** Packets that arrive twice. */
  readonly duplicate?: number;
  /** How long a packet takes; 10 to 100 ms by default. */
  readonly delay?: Span;
  /** Packets that take ten times as long, so that later ones overtake them. */
  readonly reorder?: number;
  /** Packets that are damaged. */
  readonly corrupt?: number;
  /**
   * How they are damaged; one byte anywhere becomes another one by default. What that does to a packet depends on its
   * bytes: where these hold keys and signatures that no seed determines, a run follows from its seed only if the damage
   * does the same to all packets of a kind.
   */
  readonly damage?: (packet: Uint8Array, random: SeededRandom) => Uint8Array;
  /** Nodes lose their connection now and then: how long it holds, and how long it is gone. */
  readonly disconnect?: { readonly every: Span; readonly for: Span };
  /** Nodes are killed and started again: how long they live. */
  readonly restart?: { readonly every: Span };
}

/** What a network is made with. */
export interface SimulatedNetworkOptions {
  readonly seed: number | string;
  readonly time: VirtualTime;
  readonly faults?: NetworkFaults;
  /** Is told each line of the trace, to compare runs that ought to be equal. */
  readonly onEvent?: (line: string) => void;
}

/** A program on the network. */
export interface NodeOptions {
  receive(bytes: Uint8Array, from: string): MaybePromise<void>;
  /** The connection is back. */
  connected?(): MaybePromise<void>;
  /** Kills the program and starts it again. */
  restart?(): MaybePromise<void>;
}

/** Counts of what has happened. */
export interface NetworkStatistics {
  sent: number;
  delivered: number;
  dropped: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  disconnects: number;
  restarts: number;
}

/** A program's plug in the network. */
export interface SimulatedNode {
  readonly name: string;
  readonly isConnected: boolean;
  /** @throws `transport/closed` while it is not connected */
  send(to: string, bytes: Uint8Array): void;
}

interface Node extends SimulatedNode {
  readonly options: NodeOptions;
  up: boolean;
}

/** Lines of the trace that are kept for a report. */
const TRACE_LINES = 50;

/** A network between programs in one process: whatever it does to them follows from its seed. */
export class SimulatedNetwork {
  readonly statistics: NetworkStatistics = {
    sent: 0,
    delivered: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    disconnects: 0,
    restarts: 0,
  };
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #nodes = new Map<string, Node>();
  readonly #lines: string[] = [];
  readonly #onEvent: ((line: string) => void) | undefined;
  #faults: NetworkFaults;
  #digest = 0x811c9dc5;

  constructor({ seed, time, faults = {}, onEvent }: SimulatedNetworkOptions) {
    this.#onEvent = onEvent;
    this.#time = time;
    this.#random = seededRandom(seed);
    this.#faults = faults;
  }

  /** A number that stands for everything that has happened: equal for equal runs. */
  get trace(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, '0');
  }

  /** The last things that have happened, for a report. */
  get lastEvents(): readonly string[] {
    return this.#lines;
  }

  /** Plugs a program in. */
  join(name: string, options: NodeOptions): SimulatedNode {
    if (this.#nodes.has(name)) throw new RangeError('there is a node of this name');
    const send = (to: string, bytes: Uint8Array): void => this.#send(node, to, bytes);
    const node: Node = {
      name,
      options,
      up: true,
      get isConnected() {
        return this.up;
      },
      send,
    };
    this.#nodes.set(name, node);
    this.#planDisconnect(node, this.#random.fork(`${name}/disconnect`));
    this.#planRestart(node, this.#random.fork(`${name}/restart`));
    return node;
  }

  /** From now on nothing goes wrong any more: what is under way can come to its end. */
  calm(): void {
    const { delay } = this.#faults;
    this.#faults = delay === undefined ? {} : { delay };
  }

  #send(from: Node, to: string, bytes: Uint8Array): void {
    if (!from.up) throw new ProtocolError('transport/closed', 'connection is closed');
    const { drop = 0, duplicate = 0 } = this.#faults;
    this.statistics.sent += 1;
    if (this.#random.chance(drop)) {
      this.statistics.dropped += 1;
      this.#log('drop', from.name, to);
      return;
    }
    this.#dispatch(from, to, bytes);
    if (this.#random.chance(duplicate)) {
      this.statistics.duplicated += 1;
      this.#dispatch(from, to, bytes);
    }
  }

  #dispatch(from: Node, to: string, bytes: Uint8Array): void {
    const { delay = [10, 100], reorder = 0, corrupt = 0, damage = flipByte } = this.#faults;
    let takes = this.#random.between(...delay);
    if (this.#random.chance(reorder)) {
      this.statistics.reordered += 1;
      takes *= 10;
    }
    // Not `slice`: that of Node's Buffer shares the memory.
    let packet: Uint8Array = new Uint8Array(bytes);
    this.#log('send', from.name, to);
    if (this.#random.chance(corrupt)) {
      this.statistics.corrupted += 1;
      this.#log('corrupt', from.name, to);
      // However much it draws, the rest of the run draws the same.
      packet = damage(packet, this.#random.fork(`damage ${this.statistics.corrupted}`));
    }
    this.#time.after(takes, async () => {
      const node = this.#nodes.get(to);
      if (node === undefined || !node.up) {
        this.statistics.dropped += 1;
        this.#log('lost', from.name, to);
        return;
      }
      this.statistics.delivered += 1;
      this.#log('deliver', from.name, to);
      await node.options.receive(packet, from.name);
    });
  }

  #planDisconnect(node: Node, random: SeededRandom): void {
    const plan = this.#faults.disconnect;
    if (plan === undefined) return;
    this.#time.after(random.between(...plan.every), () => {
      // Calmed down meanwhile.
      if (this.#faults.disconnect === undefined) return;
      node.up = false;
      this.statistics.disconnects += 1;
      this.#log('disconnect', node.name, '');
      this.#time.after(random.between(...plan.for), async () => {
        node.up = true;
        this.#log('connect', node.name, '');
        this.#planDisconnect(node, random);
        await node.options.connected?.();
      });
    });
  }

  #planRestart(node: Node, random: SeededRandom): void {
    const plan = this.#faults.restart;
    if (plan === undefined || node.options.restart === undefined) return;
    this.#time.after(random.between(...plan.every), async () => {
      if (this.#faults.restart === undefined) return;
      this.statistics.restarts += 1;
      this.#log('restart', node.name, '');
      await node.options.restart?.();
      this.#planRestart(node, random);
    });
  }

  #log(what: string, from: string, to: string): void {
    const line = `${this.#time.now().toFixed(3)} ${what} ${from} ${to}`;
    for (let i = 0; i < line.length; i++) {
      this.#digest = Math.imul(this.#digest ^ line.charCodeAt(i), 0x01000193);
    }
    this.#onEvent?.(line);
    this.#lines.push(line);
    if (this.#lines.length > TRACE_LINES) this.#lines.shift();
  }
}

function flipByte(packet: Uint8Array, random: SeededRandom): Uint8Array {
  if (packet.length === 0) return packet;
  const at = random.integer(packet.length);
  packet[at] = (packet[at] ?? 0) ^ (1 + random.integer(255));
  return packet;
}
