/** Work that nobody waits for, so that one can wait for all of it, and hear of what fails. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #onFailure: (error: unknown) => void;
  #stopped = false;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** @returns when it has ended, well or not */
  async run(task: () => Promise<void>): Promise<void> {
    if (this.#stopped) return;
    const running: Promise<void> = task()
      .catch((error: unknown) => {
        // What fails because the program is going down is no news.
        if (!this.#stopped) this.#onFailure(error);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    await running;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when nothing is running any more, of what was started meanwhile neither. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  stop(): void {
    this.#stopped = true;
  }
}
