import { LiveValue } from '../../live/live-value.ts';

/** How many messages are in the index, and how many there are. */
export interface SearchProgress {
  readonly indexed: number;
  readonly total: number;
}

/** Progress of the index as a live value. */
export class ProgressReport {
  readonly live: LiveValue<SearchProgress>;
  readonly #listeners = new Set<() => void>();

  constructor(load: () => Promise<SearchProgress>, onFailure: (error: unknown) => void) {
    this.live = new LiveValue({
      load,
      watch: (changed) => {
        this.#listeners.add(changed);
        return () => this.#listeners.delete(changed);
      },
      onFailure,
    });
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
