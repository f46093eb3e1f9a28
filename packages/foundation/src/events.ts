import { type Handle, makeHandle } from './dispose.ts';
import { isThenable, showError } from './foreign.ts';

/**
 * Hears of one kind of event. What it throws, at once or later, harms nobody: see {@link EventsOptions.onListenerFailed}.
 */
export type Listener<T> = (event: T) => void;

/** Where events of several kinds are listened to; the kinds and what they carry are in `M`. */
export interface EventSource<M extends object> {
  /**
   * @returns a handle that ends the listening when it is disposed
   * @throws `TypeError` for a kind of event that there is not, and for a listener that is no function
   */
  on<K extends keyof M>(kind: K, listener: Listener<M[K]>): Handle;
}

/** The names of all kinds of events in `M`, so that others are refused. */
export type EventKinds<M extends object> = { readonly [K in keyof M]-?: true };

/** What {@link Events} are made with. */
export interface EventsOptions {
  /**
   * Told of what a listener has thrown, or its promise was rejected with. By default it is shown in the console; the program
   * goes on.
   */
  readonly onListenerFailed?: (error: unknown, kind: PropertyKey) => void;
}

/**
 * Tells listeners of events, in the order in which they came.
 *
 * @example
 * ```ts
 * const events = new Events<{ saved: { id: ID } }>({ saved: true });
 * const listening = events.on('saved', ({ id }) => console.log(id.text));
 * events.emit('saved', { id });
 * listening.close();
 * ```
 */
export class Events<M extends object> implements EventSource<M> {
  readonly #kinds: EventKinds<M>;
  readonly #onListenerFailed: (error: unknown, kind: PropertyKey) => void;
  readonly #listeners = new Map<PropertyKey, Set<{ readonly hear: Listener<never> }>>();

  /** @param kinds - every kind of event there is */
  constructor(kinds: EventKinds<M>, options: EventsOptions = {}) {
    this.#kinds = kinds;
    this.#onListenerFailed = options.onListenerFailed ?? showFailure;
  }

  on<K extends keyof M>(kind: K, listener: Listener<M[K]>): Handle {
    if (!Object.hasOwn(this.#kinds, kind)) {
      throw new TypeError(`there is no event "${String(kind)}"`);
    }
    if (typeof listener !== 'function') throw new TypeError('a listener must be a function');
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    // An object of its own for each call: the same function may listen twice.
    const entry = { hear: listener as Listener<never> };
    listeners.add(entry);
    return makeHandle(() => {
      listeners.delete(entry);
    });
  }

  /** Calls the listeners of a kind, now. One that fails does not keep the others from hearing. */
  emit<K extends keyof M>(kind: K, event: M[K]): void {
    for (const { hear } of [...(this.#listeners.get(kind) ?? [])]) {
      const failed = (error: unknown): void => this.#failed(error, kind);
      try {
        const answer: unknown = (hear as Listener<M[K]>)(event);
        // An async listener: its promise has to be watched by somebody.
        if (isThenable(answer)) Promise.resolve(answer).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  #failed(error: unknown, kind: PropertyKey): void {
    try {
      this.#onListenerFailed(error, kind);
    } catch (another) {
      showFailure(another, kind);
    }
  }
}

function showFailure(error: unknown, kind: PropertyKey): void {
  showError(`a listener of "${String(kind)}" has failed:`, error);
}
