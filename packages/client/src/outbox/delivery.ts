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

/**
 * State of a message:
 *
 * - `queued`: on disk, not handed to a transport yet;
 * - `waiting`: the receiver's meta or visa, or the group's member list, must arrive first;
 * - `sent`: handed to the transport;
 * - `delivered`: a station has it;
 * - `received`: the receiver's program has it;
 * - `failed`: given up, see the code of the error.
 */
export type DeliveryState = 'waiting' | 'queued' | 'sent' | 'delivered' | 'received' | 'failed';

/** States in order of progress. `failed` is not one of them. */
export const PROGRESS: readonly DeliveryState[] = [
  'waiting',
  'queued',
  'sent',
  'delivered',
  'received',
];

/** Returns whether a state is at least as far as another. A failed message has reached no state. */
export function hasReached(state: DeliveryState, goal: DeliveryState): boolean {
  if (state === goal) return true;
  return isProgress(goal) && PROGRESS.indexOf(state) >= PROGRESS.indexOf(goal);
}

/** Checks that a value is a state that a message can reach, for callers in plain JavaScript. */
export function isProgress(state: unknown): state is Exclude<DeliveryState, 'failed'> {
  return PROGRESS.includes(state as DeliveryState);
}

/** Returns the state of a message with several receivers: that of the slowest copy that has not failed. */
export function jointState(states: readonly DeliveryState[]): DeliveryState {
  const open = states.filter((state) => state !== 'failed');
  if (open.length === 0) return states.length === 0 ? 'waiting' : 'failed';
  return PROGRESS[Math.min(...open.map((state) => PROGRESS.indexOf(state)))] ?? 'waiting';
}

/** State of the copy for one receiver. */
export interface ReceiverReport {
  readonly receiver: ID;
  readonly state: DeliveryState;
}

/** Report on a message. Plain data. */
export interface DeliveryReport {
  /** With several receivers, the state of the slowest copy. */
  readonly state: DeliveryState;
  /** One entry for a person, one for each other member of a group. */
  readonly receivers: readonly ReceiverReport[];
  /** Receivers that do not get it, because their visas do not announce what `SendOptions.accepting` names. */
  readonly leftOut?: readonly ID[];
  /** What must arrive first, in the state `waiting`. */
  readonly waitingFor?: Waiting;
  /** Why the message was given up, in the state `failed`. */
  readonly error?: ProtocolError;
  /** Text of the last receipt, for the user to read. */
  readonly receipt?: string;
  /** Whether the state is final: `received`, `failed`, or `sent` to a receiver that sends no receipts. */
  readonly settled: boolean;
}

/** Events of {@link Delivery}. */
export interface DeliveryEvents {
  state: DeliveryReport;
}

/** What a delivery asks the outbox to do, by its place there. */
export interface DeliveryControl {
  cancel(order: string): Promise<boolean>;
  retry(order: string): Promise<void>;
  discard(order: string): Promise<void>;
}

const KINDS = { state: true, end: true } as const;

/**
 * Handle for an outgoing message. The message is on disk when `send` returns, and survives a restart of the program:
 * see `Messenger.deliveries`.
 *
 * @example
 * ```ts
 * const delivery = await messenger.send(Text.create({ text: 'Hello!' }), hulk);
 * delivery.on('state', ({ state }) => console.log(state)); // sent, delivered, received
 * await delivery.reached('delivered');
 * ```
 */
export class Delivery implements EventSource<DeliveryEvents> {
  /** Name of the delivery: `SendOptions.id`, or one of those that sort in the order in which messages were sent. */
  readonly id: string;
  readonly sender: ID;
  readonly receiver: ID;
  readonly content: Content;
  /** When it was sent, in milliseconds since the epoch. */
  readonly created: number;
  readonly #events = new Events<DeliveryEvents & { end: Record<never, never> }>(KINDS);
  readonly #control: DeliveryControl;
  readonly #order: string;
  #ended = false;
  #report: DeliveryReport;

  constructor(
    facts: Pick<Delivery, 'id' | 'sender' | 'receiver' | 'content' | 'created'> & {
      readonly order: string;
    },
    report: DeliveryReport,
    control: DeliveryControl,
  ) {
    this.id = facts.id;
    this.sender = facts.sender;
    this.receiver = facts.receiver;
    this.content = facts.content;
    this.created = facts.created;
    this.#order = facts.order;
    this.#report = report;
    this.#control = control;
  }

  get state(): DeliveryState {
    return this.#report.state;
  }

  /** The present report. */
  get report(): DeliveryReport {
    return this.#report;
  }

  on<K extends keyof DeliveryEvents>(kind: K, listener: Listener<DeliveryEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /**
   * Resolves to the final state, or to the present state when the messenger is disposed of. Never rejects, because
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
   * Waits until the message has reached a state.
   *
   * @throws the error of a message that was given up; `state/stopped` if the message settles before it reaches the
   *   state, or the messenger is disposed of; `TypeError` for an unknown state; the signal's reason
   */
  async reached(goal: Exclude<DeliveryState, 'failed'>, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!isProgress(goal))
      throw new TypeError(`goal must be a state that a message can reach, not "${String(goal)}"`);
    const { promise, resolve, reject } = deferred();
    const check = (): void => {
      const { state, error, settled } = this.#report;
      if (state !== 'failed' && hasReached(state, goal)) resolve();
      else if (error !== undefined) reject(error);
      else if (settled) reject(neverReached(`message ends as ${state}, before ${goal}`));
      else if (this.#ended) reject(neverReached('the messenger has been disposed of'));
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
   * Cancels the message, unless a copy may have been handed to a transport.
   *
   * @returns false if it is too late, if the message was packed in an earlier run and may have left then, or if another
   *   tab leads
   * @throws `state/stopped`; `store/` codes, and then the message may come back at the next start
   */
  cancel(): Promise<boolean> {
    return this.#control.cancel(this.#order);
  }

  /**
   * Sends a failed message again. It keeps its time, and receivers refuse messages that are too old.
   *
   * @throws `state/not-ready` if another tab leads; `state/stopped`; `store/` codes
   */
  retry(): Promise<void> {
    return this.#control.retry(this.#order);
  }

  /**
   * Removes a failed message. Other messages are removed when they settle.
   *
   * @throws `RangeError` for a message that is under way; `state/stopped`; `store/` codes
   */
  discard(): Promise<void> {
    return this.#control.discard(this.#order);
  }

  /** Called by the outbox. */
  update(report: DeliveryReport): void {
    this.#report = report;
    this.#events.emit('state', report);
  }

  /** Called by the outbox when the messenger stops: the report will not change any more. */
  end(): void {
    this.#ended = true;
    this.#events.emit('end', {});
  }
}

function neverReached(message: string): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', message);
}
