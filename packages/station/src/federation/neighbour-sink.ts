import { isProtocolError, LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Sink } from '../session/sink.ts';
import type { NeighbourLine } from './neighbour-line.ts';
import type { RelayCopies } from './relay-copy.ts';

/** Messages that a neighbour has not acknowledged, of all users together. */
const WINDOW = 256;
/** Broadcasts that wait for one neighbour. */
const MAX_BROADCASTS = 4096;
/** Senders whose meta was sent over the connection. */
const MAX_INTRODUCED = 16_384;

/** Hands messages over to a neighbour, over one connection. */
export class NeighbourSink implements Sink {
  readonly kind = 'neighbour';
  readonly line: NeighbourLine;
  readonly #copies: RelayCopies;
  readonly #onMissed: (sink: NeighbourSink) => void;
  readonly #onAccepted: (sink: NeighbourSink) => void;
  readonly #introduced = new LruMap<EntityKey, true>(MAX_INTRODUCED);
  readonly #waiting: (() => void)[] = [];
  /** Copies are made one after the other: messages leave in their order. */
  #turn: Promise<unknown> = Promise.resolve();
  #inFlight = 0;
  /** Whether something was sent, and whether any of it was acknowledged. */
  #sent = false;
  #accepted = false;
  #broadcasts = 0;
  #missed = false;
  #closed = false;

  /**
   * @param onMissed - told when there is room again after broadcasts had to be left out
   * @param onAccepted - told when the neighbour has acknowledged something for the first time
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

  /** Whether the neighbour has taken nothing of what it was sent: then it does not let this station relay. */
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
      // Begun here, in turn; waited for below.
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

  /** Passes a broadcast on, without waiting for it. When too many wait, it is left out. */
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

/** Whether a neighbour was not meant to get a message, which says nothing about the connection. */
export function isSkipped(error: unknown): boolean {
  return isProtocolError(error) && error.code.startsWith('policy/');
}
