import type { Primitives } from './primitives.ts';
import {
  type Baselines,
  type Batches,
  compare,
  compareBatches,
  measure,
  type Operation,
  type Result,
  roundsOf,
  type TimerOptions,
} from './timer.ts';

/** Receiver of the results of a suite. Cases that were not requested are skipped. */
export interface Bench {
  compare(name: string, subject: Operation, baselines: Baselines): Promise<void>;
  measure(name: string, subject: Operation): Promise<void>;
  /** Compares what works on a number of messages at a time, each of them once. */
  batches(name: string, messages: number, batches: Batches): Promise<void>;
  /** Whether any case is wanted whose name begins so, or which this name begins: others need not be prepared. */
  wants(name: string): boolean;
  /** How often `batches` calls the subject. */
  readonly rounds: number;
}

/** A group of cases; it prepares what they need. */
export type Suite = (bench: Bench, primitives: Primitives) => Promise<void>;

/** Options for a run. */
export interface RunOptions extends TimerOptions {
  /** Prefixes of the names of the wanted cases; empty for all. */
  readonly filter: string;
}

/** Makes a bench that hands on each result as soon as it is there. */
export function benchOf(options: RunOptions, report: (result: Result) => void): Bench {
  const { filter } = options;
  const wanted = (name: string): boolean => name.startsWith(filter);
  return {
    async compare(name, subject, baselines) {
      if (wanted(name)) report(await compare(name, subject, baselines, options));
    },
    async measure(name, subject) {
      if (wanted(name)) report(await measure(name, subject, options));
    },
    async batches(name, messages, batches) {
      if (wanted(name)) report(await compareBatches(name, messages, batches, options));
    },
    wants: (name) => wanted(name) || filter.startsWith(name),
    rounds: roundsOf(options),
  };
}

/** A result as one line of JSON. */
export function lineOf(result: Result, runtime: Primitives['runtime']): string {
  const { name, opsPerSecond, baselineOpsPerSecond, ratio, codecRatio, receiptRatio } = result;
  const rounded = (value: number | undefined, digits: number) =>
    value === undefined ? undefined : Number(value.toPrecision(digits));
  return JSON.stringify({
    name,
    opsPerSecond: rounded(opsPerSecond, 4),
    baselineOpsPerSecond: rounded(baselineOpsPerSecond, 4),
    ratio: rounded(ratio, 3),
    codecRatio: rounded(codecRatio, 3),
    receiptRatio: rounded(receiptRatio, 3),
    runtime,
  });
}
