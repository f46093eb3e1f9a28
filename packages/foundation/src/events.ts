import { type Handle, makeHandle } from './dispose.ts';
/** Hears of one kind of event. What it throws becomes an unhandled rejection; the emitter goes on. */
export type Listener<T> = (event: T) => void;

/** Where events of several kinds are listened to; the kinds and what they carry are in `M`. */
export interface EventSource<M extends object> {
  /** @returns what ends the listening */
  on<K extends keyof M>(kind: K, listener: Listener<M[K]>): Handle;
}

/**
 * Tells listeners of events, in the order in which they came.
 *
 * @example
 * ```ts
 * const events = new Events<{ saved: { id: ID } }>();
 * const listening = events.on('saved', ({ id }) => console.log(id.text));
 * events.emit('saved', { id });
 * listening.close();
 * ```
 */
export class Events<M extends object> implements EventSource<M> {
  readonly #listeners = new Map<PropertyKey, Set<{ readonly hear: Listener<never> }>>();

  on<K extends keyof M>(kind: K, listener: Listener<M[K]>): Handle {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    // An object of its own for each call: the same function may listen twice.
    const entry = { hear: listener as Listener<never> };
    listeners.add(entry);
    return makeHandle(() => {
      listeners.delete(entry);
    });
  }

  /** Calls the listeners of a kind, now. One that throws does not keep the others from hearing. */
  emit<K extends keyof M>(kind: K, event: M[K]): void {
    for (const { hear } of [...(this.#listeners.get(kind) ?? [])]) {
      try {
        (hear as Listener<M[K]>)(event);
      } catch (error) {
        // As an unhandled rejection it is seen by whoever runs the program, and harms nobody else.
        void Promise.reject(error);
      }
    }
  }
}
