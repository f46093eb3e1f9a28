import type { Store } from '@dimp/core';
import { amongTabs, type BatchedStore } from './batched-store.ts';

/** Limit on tasks whose changes share a batch. */
const MAX_TASKS = 64;

interface Turn {
  /** Runs the task. @returns what to do when the batch is on disk */
  readonly run: () => Promise<() => void>;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs tasks one after the other, in the order of the calls. Tasks that wait at the same time share a batch: each settles when
 * the changes of all are on disk. Of several tabs, one runs tasks at a time.
 */
export class Turns {
  readonly #store: Store;
  readonly #batched: BatchedStore;
  readonly #waiting: Turn[] = [];
  #running: Promise<void> | undefined;

  constructor(store: Store, batched: BatchedStore) {
    this.#store = store;
    this.#batched = batched;
  }

  /**
   * Runs a task.
   *
   * @param guard - is aborted if the task fails or its changes cannot be written, before the next one runs; tasks do not run
   *   after that
   * @returns the result of the task, when its changes are on disk
   */
  run<T>(task: () => Promise<T>, guard?: AbortController): Promise<T> {
    return new Promise((resolve, rejectCaller) => {
      const reject = (error: unknown): void => {
        guard?.abort(error);
        rejectCaller(error);
      };
      const run = async (): Promise<() => void> => {
        guard?.signal.throwIfAborted();
        const result = await task();
        return () => resolve(result);
      };
      this.#waiting.push({ run, reject });
      this.#running ??= this.#work();
    });
  }

  /** Resolves when no task runs or waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #work(): Promise<void> {
    // Tasks that are added in this turn of the event loop share the batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#runSome(this.#waiting.splice(0, MAX_TASKS));
    this.#running = undefined;
  }

  async #runSome(turns: readonly Turn[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    try {
      await amongTabs(this.#store, 'receive', () =>
        this.#batched.together(async () => {
          for (const { run, reject } of turns) {
            // A task that fails does not harm the others.
            try {
              outcomes.push(await run());
            } catch (error) {
              reject(error);
            }
          }
        }),
      );
      for (const tell of outcomes) tell();
    } catch (error) {
      for (const { reject } of turns) reject(error);
    }
  }
}
