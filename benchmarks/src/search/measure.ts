/** The longest time that other work had to wait, in milliseconds. */
export class Waiting {
  #longest = 0;
  #running = true;
  #last = performance.now();

  constructor() {
    this.#next();
  }

  stop(): number {
    this.#running = false;
    return this.#longest;
  }

  #next(): void {
    setTimeout(() => {
      const now = performance.now();
      this.#longest = Math.max(this.#longest, now - this.#last);
      this.#last = now;
      if (this.#running) this.#next();
    }, 0);
  }
}

/** The value that a part of all values does not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Times of queries, in milliseconds. */
export async function timesOf(
  queries: readonly string[],
  run: (query: string) => unknown,
): Promise<{ readonly p50: number; readonly p95: number; readonly longest: number }> {
  const times: number[] = [];
  for (const query of queries) {
    const start = performance.now();
    await run(query);
    times.push(performance.now() - start);
  }
  return {
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    longest: Math.max(...times),
  };
}
