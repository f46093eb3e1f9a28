import type { Primitives } from './primitives.ts';
import {
  type Baselines,
  compare,
  measure,
  type Operation,
  type Result,
  type TimerOptions,
} from './timer.ts';

/** What a suite reports to. Cases that nobody asked for are skipped. */
export interface Bench {
  compare(name: string, subject: Operation, baselines: Baselines): Promise<void>;
  measure(name: string, subject: Operation): Promise<void>;
}

/** A group of cases; it prepares what they need. */
export type Suite = (bench: Bench, primitives: Primitives) => Promise<void>;

/** What a run is told. */
export interface RunOptions extends TimerOptions {
  /** What the names of the wanted cases begin with; empty for all. */
  readonly filter: string;
}

/** Makes a bench that hands on each result as soon as it is there. */
export function benchOf(options: RunOptions, report: (result: Result) => void): Bench {
  const wanted = (name: string): boolean => name.startsWith(options.filter);
  return {
    async compare(name, subject, baselines) {
      if (wanted(name)) report(await compare(name, subject, baselines, options));
    },
    async measure(name, subject) {
      if (wanted(name)) report(await measure(name, subject, options));
    },
  };
}

/** A result as one line of JSON. */
export function lineOf(result: Result, runtime: Primitives['runtime']): string {
  const { name, opsPerSecond, baselineOpsPerSecond, ratio, codecRatio } = result;
  const rounded = (value: number | undefined, digits: number) =>
    value === undefined ? undefined : Number(value.toPrecision(digits));
  return JSON.stringify({
    name,
    opsPerSecond: rounded(opsPerSecond, 4),
    baselineOpsPerSecond: rounded(baselineOpsPerSecond, 4),
    ratio: rounded(ratio, 3),
    codecRatio: rounded(codecRatio, 3),
    runtime,
  });
}
