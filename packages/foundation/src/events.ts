import { type Handle, makeHandle } from './dispose.ts';
import { isThenable, showError } from './foreign.ts';

/**
 * Receives events of one kind. If it throws or its promise is rejected, the program goes on; see
 * {@link EventsOptions.onListenerFailed}.
 */
export type Listener<T> = (event: T) => void;

/** A source of events. `M` maps each kind of event to its data. */
export interface EventSource<M extends object> {
  /**
   * Adds a listener.
   *
   * @returns a handle that removes the listener when it is closed
   * @throws `TypeError` for an unknown kind of event, and for a listener that is not a function
   */
  on<K extends keyof M>(kind: K, listener: Listener<M[K]>): Handle;
}

/** The names of all kinds of events in `M`. Others are refused. */
export type EventKinds<M extends object> = { readonly [K in keyof M]-?: true };

/** Options for {@link Events}. */
export interface EventsOptions {
  /**
   * Called with the error that a listener threw or rejected with. By default the error is written to the console.
   */
  readonly onListenerFailed?: (error: unknown, kind: PropertyKey) => void;
}

/**
 * Calls the listeners of events, in the order in which they were added.
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

  /** @param kinds - all kinds of events */
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
    // One entry for each call, because the same function may be added twice.
    const entry = { hear: listener as Listener<never> };
    listeners.add(entry);
    return makeHandle(() => {
      listeners.delete(entry);
    });
  }

  /** Calls the listeners of a kind synchronously. A listener that fails does not affect the others. */
  emit<K extends keyof M>(kind: K, event: M[K]): void {
    for (const { hear } of [...(this.#listeners.get(kind) ?? [])]) {
      const failed = (error: unknown): void => this.#failed(error, kind);
      try {
        const answer: unknown = (hear as Listener<M[K]>)(event);
        // An async listener: an unhandled rejection would end the process.
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
