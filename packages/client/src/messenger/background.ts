/** Runs tasks in the background, reports their failures, and can wait for all of them. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #onFailure: (error: unknown) => void;
  #stopped = false;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** @returns when the task has ended, successfully or not */
  async run(task: () => Promise<void>): Promise<void> {
    if (this.#stopped) return;
    const running: Promise<void> = task()
      .catch((error: unknown) => {
        // A failure while the program stops is not reported.
        if (!this.#stopped) this.#onFailure(error);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    await running;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when no task is running, including tasks that are started meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  stop(): void {
    this.#stopped = true;
  }
}
