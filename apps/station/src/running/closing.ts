/** A list of steps that close resources, in reverse order. */
export class Closing implements AsyncDisposable {
  #steps: (() => Promise<void> | void)[] = [];

  /** Adds a step. */
  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Adds the disposal of a resource. @returns the resource */
  use<T extends AsyncDisposable>(opened: T): T {
    this.add(() => opened[Symbol.asyncDispose]() as Promise<void>);
    return opened;
  }

  /** Runs all steps, even if some fail. @throws the first error */
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
