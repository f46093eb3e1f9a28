import { isProtocolError, LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Sink } from '../session/sink.ts';
import type { NeighbourLine } from './neighbour-line.ts';
import type { RelayCopies } from './relay-copy.ts';

/** Messages of all users that a neighbour may leave unacknowledged. */
const WINDOW = 256;
/** Most broadcasts waiting for one neighbour. */
const MAX_BROADCASTS = 4096;
/** Senders whose meta was sent over the connection, that are remembered. */
const MAX_INTRODUCED = 16_384;

/** Sends messages to a neighbour over one connection. */
export class NeighbourSink implements Sink {
  readonly kind = 'neighbour';
  readonly line: NeighbourLine;
  readonly #copies: RelayCopies;
  readonly #onMissed: (sink: NeighbourSink) => void;
  readonly #onAccepted: (sink: NeighbourSink) => void;
  readonly #introduced = new LruMap<EntityKey, true>(MAX_INTRODUCED);
  readonly #waiting: (() => void)[] = [];
  /** Copies are made one after the other, so that messages keep their order. */
  #turn: Promise<unknown> = Promise.resolve();
  #inFlight = 0;
  /** Whether anything was sent, and whether any of it was acknowledged. */
  #sent = false;
  #accepted = false;
  #broadcasts = 0;
  #missed = false;
  #closed = false;

  /**
   * @param onMissed - called when there is room again after broadcasts were dropped
   * @param onAccepted - called at the first acknowledgement of the neighbour
   */
  constructor(
    line: NeighbourLine,
    copies: RelayCopies,
    onMissed: (sink: NeighbourSink) => void,
    onAccepted: (sink: NeighbourSink) => void,
  ) {
    this.line = line;
    this.#copies = copies;
    this.#onMissed = onMissed;
    this.#onAccepted = onAccepted;
  }

  get id(): string {
    return this.line.id;
  }

  get station(): ID {
    return this.line.station;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the neighbour has acknowledged nothing that it was sent: then it does not let this station relay. */
  get isRefused(): boolean {
    return this.#sent && !this.#accepted;
  }

  async send(payload: Uint8Array): Promise<void> {
    const leaving = this.#turn.then(async () => {
      while (this.#inFlight >= WINDOW && !this.#closed) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
      const bytes = await this.#copy(payload);
      this.#inFlight += 1;
      this.#sent = true;
      // Started here to keep the order; awaited below.
      return { acknowledged: this.line.send(bytes) };
    });
    this.#turn = leaving.catch(() => undefined);
    const { acknowledged } = await leaving;
    try {
      await acknowledged;
      if (!this.#accepted) this.#onAccepted(this);
      this.#accepted = true;
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Sends a broadcast without waiting for it. If too many are waiting, it is dropped. */
  broadcast(payload: Uint8Array): void {
    if (this.#broadcasts >= MAX_BROADCASTS) {
      this.#missed = true;
      return;
    }
    this.#broadcasts += 1;
    this.send(payload)
      .catch((error: unknown) => {
        if (!isSkipped(error)) this.close();
      })
      .finally(() => {
        this.#broadcasts -= 1;
        if (this.#broadcasts > 0 || !this.#missed || this.#closed) return;
        this.#missed = false;
        this.#onMissed(this);
      });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    this.line.close();
  }

  async #copy(payload: Uint8Array): Promise<Uint8Array> {
    const { sender, bytes } = await this.#copies.make(
      payload,
      this.station,
      (each) => this.#introduced.get(each.entity) === undefined,
    );
    this.#introduced.set(sender.entity, true);
    return bytes;
  }
}

/** Whether an error says that a message is not for this neighbour, which is not a failure of the connection. */
export function isSkipped(error: unknown): boolean {
  return isProtocolError(error) && error.code.startsWith('policy/');
}
