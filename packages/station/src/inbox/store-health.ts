import type { Logger } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { StationMetrics } from '../metrics/metrics.ts';

/** Whether the store works, judged by how it answered last. */
export class StoreHealth {
  readonly #logger: Logger;
  readonly #metrics: StationMetrics;
  #failing = false;

  constructor(logger: Logger, metrics: StationMetrics) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  get failing(): boolean {
    return this.#failing;
  }

  /** Records an answer of the store: the error of one that failed, or undefined. */
  readonly report = (error: unknown): void => {
    const fails = error !== undefined;
    if (fails) this.#metrics.add('store.failures', 1);
    if (fails === this.#failing) return;
    this.#failing = fails;
    if (!fails) this.#logger.info('store.working');
    else
      this.#logger.error('store.failing', {
        code: isProtocolError(error) ? error.code : 'unknown',
      });
  };
}
