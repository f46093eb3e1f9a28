/** Closes what was opened, the last first. */
export class Closing implements AsyncDisposable {
  #steps: (() => Promise<void> | void)[] = [];

  /** Remembers how to close something. */
  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Remembers to dispose of something. @returns it */
  use<T extends AsyncDisposable>(opened: T): T {
    this.add(() => opened[Symbol.asyncDispose]() as Promise<void>);
    return opened;
  }

  /** Does all steps, even if some fail. @throws what failed first */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
