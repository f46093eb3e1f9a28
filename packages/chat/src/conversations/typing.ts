import type { Clock, Timers } from '@dimp/core';
import { disposeSymbol, Events } from '@dimp/foundation';

/** How long a sign of typing is shown, in milliseconds. */
export const TYPING_MS = 6000;
/** Most users who are shown as typing in one conversation. */
const MAX_TYPISTS = 32;

/** Who types at this moment. In memory only. */
export class Typists {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #events = new Events<{ changed: { readonly id: string } }>({ changed: true });
  /** By conversation and user; when the sign ends, in milliseconds since the epoch. */
  readonly #typing = new Map<string, Map<string, number>>();
  #timer: Disposable | undefined;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Somebody has written a character, or has stopped. */
  note(id: string, entity: string, typing: boolean): void {
    const typists = this.#typing.get(id) ?? new Map<string, number>();
    const before = typists.has(entity);
    if (!typing) typists.delete(entity);
    else if (before || typists.size < MAX_TYPISTS)
      typists.set(entity, this.#clock.now() + TYPING_MS);
    if (typists.size === 0) this.#typing.delete(id);
    else this.#typing.set(id, typists);
    if (before !== typists.has(entity)) this.#events.emit('changed', { id });
    this.#schedule();
  }

  /** Those who type in a conversation, as entities. */
  of(id: string): readonly string[] {
    const now = this.#clock.now();
    return [...(this.#typing.get(id) ?? [])].filter(([, end]) => end > now).map(([each]) => each);
  }

  watch(id: string, changed: () => void): () => void {
    const handle = this.#events.on('changed', (event) => {
      if (event.id === id) changed();
    });
    return () => handle.close();
  }

  close(): void {
    this.#timer?.[disposeSymbol]();
    this.#timer = undefined;
    this.#typing.clear();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#typing.size === 0) return;
    const ends = [...this.#typing.values()].flatMap((typists) => [...typists.values()]);
    const wait = Math.max(0, Math.min(...ends) - this.#clock.now());
    this.#timer = this.#timers.after(wait, () => {
      this.#timer = undefined;
      this.#expire();
      this.#schedule();
    });
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [id, typists] of [...this.#typing]) {
      let ended = false;
      for (const [entity, end] of [...typists]) {
        if (end > now) continue;
        typists.delete(entity);
        ended = true;
      }
      if (typists.size === 0) this.#typing.delete(id);
      if (ended) this.#events.emit('changed', { id });
    }
  }
}
