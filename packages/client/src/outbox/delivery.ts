import type { Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import {
  deferred,
  type EventSource,
  Events,
  type Handle,
  type Listener,
  ProtocolError,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type DeliveryState, hasReached, isProgress } from './delivery-state.ts';

/** How far one receiver's copy has got. */
export interface ReceiverReport {
  readonly receiver: ID;
  readonly state: DeliveryState;
}

/** How far a message has got. Plain data. */
export interface DeliveryReport {
  /** Of several receivers, the state of the slowest. */
  readonly state: DeliveryState;
  /** One for a person, one for each other member of a group. */
  readonly receivers: readonly ReceiverReport[];
  /** What has to arrive first, in the state `waiting`. */
  readonly waitingFor?: Waiting;
  /** Why it was given up, in the state `failed`. */
  readonly error?: ProtocolError;
  /** Text of the last receipt, for people to read. */
  readonly receipt?: string;
  /** Nothing more will come: `received`, `failed`, or `sent` to somebody who sends no receipts. */
  readonly settled: boolean;
}

/** What a {@link Delivery} tells of. */
export interface DeliveryEvents {
  state: DeliveryReport;
}

/** What a delivery can be asked to do. */
export interface DeliveryControl {
  cancel(id: string): Promise<boolean>;
  retry(id: string): Promise<void>;
  discard(id: string): Promise<void>;
}

const KINDS = { state: true, end: true } as const;

/**
 * A message on its way. It is on disk as soon as `send` returns this, and outlives the program: see
 * `Messenger.deliveries`.
 *
 * @example
 * ```ts
 * const delivery = await messenger.send(Text.create({ text: 'Hello!' }), hulk);
 * delivery.on('state', ({ state }) => console.log(state)); // sent, delivered, received
 * await delivery.reached('delivered');
 * ```
 */
export class Delivery implements EventSource<DeliveryEvents> {
  /** Name of the delivery; in the order in which messages were sent. */
  readonly id: string;
  readonly sender: ID;
  readonly receiver: ID;
  readonly content: Content;
  /** When it was sent, in milliseconds since the epoch. */
  readonly created: number;
  readonly #events = new Events<DeliveryEvents & { end: Record<never, never> }>(KINDS);
  readonly #control: DeliveryControl;
  #ended = false;
  #report: DeliveryReport;

  constructor(
    facts: Pick<Delivery, 'id' | 'sender' | 'receiver' | 'content' | 'created'>,
    report: DeliveryReport,
    control: DeliveryControl,
  ) {
    this.id = facts.id;
    this.sender = facts.sender;
    this.receiver = facts.receiver;
    this.content = facts.content;
    this.created = facts.created;
    this.#report = report;
    this.#control = control;
  }

  get state(): DeliveryState {
    return this.#report.state;
  }

  /** All that is known of it now. */
  get report(): DeliveryReport {
    return this.#report;
  }

  on<K extends keyof DeliveryEvents>(kind: K, listener: Listener<DeliveryEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /**
   * The last state, when nothing more will come; when the messenger is disposed of, the state until then. Never rejects:
   * `failed` is a state.
   */
  get settled(): Promise<DeliveryState> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.#report.settled && !this.#ended) return;
        for (const each of listening) each.close();
        resolve(this.#report.state);
      };
      const listening = [this.#events.on('state', check), this.#events.on('end', check)];
      check();
    });
  }

  /**
   * Waits until the message has got as far as a state.
   *
   * @throws the error of a message that was given up; `state/stopped` for one that settled before it got there, or if the
   *   messenger is disposed of; `TypeError` for a state that there is not; the signal's reason
   */
  async reached(goal: Exclude<DeliveryState, 'failed'>, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!isProgress(goal)) throw new TypeError(`no message gets to the state "${String(goal)}"`);
    const { promise, resolve, reject } = deferred();
    const check = (): void => {
      const { state, error, settled } = this.#report;
      if (state !== 'failed' && hasReached(state, goal)) resolve();
      else if (error !== undefined) reject(error);
      else if (settled) reject(neverReached(`message ends as ${state}, before ${goal}`));
      else if (this.#ended) reject(neverReached('messenger has been disposed of'));
    };
    const listening = [this.#events.on('state', check), this.#events.on('end', check)];
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    check();
    try {
      await promise;
    } finally {
      for (const each of listening) each.close();
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Calls the message off, as long as no copy can have been handed to a transport.
   *
   * @returns false if it was too late; if it was packed before the program was started, because nobody knows whether it
   *   has left, then; or if another tab is the one that sends
   * @throws `state/stopped`; `store/` codes, and then it may come back at the next start
   */
  cancel(): Promise<boolean> {
    return this.#control.cancel(this.id);
  }

  /**
   * Tries a message again that was given up. It is as old as it was: receivers refuse what was written too long ago.
   *
   * @throws `state/not-ready` if another tab is the one that sends; `state/stopped`; `store/` codes
   */
  retry(): Promise<void> {
    return this.#control.retry(this.id);
  }

  /**
   * Forgets a message that was given up. Others are forgotten when they have settled.
   *
   * @throws `RangeError` for one that is on its way; `state/stopped`; `store/` codes
   */
  discard(): Promise<void> {
    return this.#control.discard(this.id);
  }

  /** Called by the outbox. */
  update(report: DeliveryReport): void {
    this.#report = report;
    this.#events.emit('state', report);
  }

  /** Called by the outbox when the messenger stops: nothing more will be heard of the message here. */
  end(): void {
    this.#ended = true;
    this.#events.emit('end', {});
  }
}

function neverReached(message: string): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', message);
}
