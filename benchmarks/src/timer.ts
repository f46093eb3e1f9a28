/** One line of the report. */
export interface Result {
  readonly name: string;
  /** Median over the samples. */
  readonly opsPerSecond: number;
  /** The same of what the operation is compared with. */
  readonly baselineOpsPerSecond?: number;
  /** Median of the samples' own ratios, which is not the quotient of the two medians. */
  readonly ratio?: number;
  /** The same against the baseline with the platform's JSON and Base64 added, where that was measured. */
  readonly codecRatio?: number;
  /** The same against the baseline with a receipt packed, where that was measured. */
  readonly receiptRatio?: number;
}

/** Baselines that an operation is compared with. */
export interface Baselines {
  /** Work that cannot be avoided. */
  readonly bare: Operation;
  /** Work that no implementation of this wire format avoids: {@link Baselines.bare}, JSON and Base64. */
  readonly codec?: Operation;
}

/** Operation on as many messages as a round has; each round has others. */
export interface Batches {
  subject(round: number): Promise<unknown>;
  bare(round: number): Promise<unknown>;
  /** {@link Batches.bare} and a receipt for each message. */
  receipt?(round: number): Promise<unknown>;
}

/** The operation that is timed; a promise is awaited. */
export type Operation = () => unknown;

/** How long a measurement may take. */
export interface TimerOptions {
  /** Rounds of batches. */
  readonly samples: number;
  /** Shortest time of a batch, in milliseconds: far above the resolution of the clock. */
  readonly batch: number;
}

/**
 * Times an operation against its baselines. Short batches alternate, and each round yields ratios of its own: on a
 * machine that others use too, a slow moment hits all of them, and the median forgets those it hit unevenly.
 */
export async function compare(
  name: string,
  subject: Operation,
  { bare, codec }: Baselines,
  { samples, batch }: TimerOptions,
): Promise<Result> {
  const operations = codec === undefined ? [subject, bare] : [subject, bare, codec];
  const calls: number[] = [];
  for (const operation of operations) calls.push(await callsPerBatch(operation, batch));
  const seconds: number[][] = operations.map(() => []);
  for (let round = 0; round < samples; round++) {
    // Each collects the garbage of the one before it, so they take turns in going first.
    for (let turn = 0; turn < operations.length; turn++) {
      const index = (round + turn) % operations.length;
      seconds[index]?.push(await secondsPerCall(operations[index] as Operation, calls[index] ?? 1));
    }
  }
  const [ours = [], theirs = [], codecs = []] = seconds;
  const ratioTo = (others: number[]) => median(ours.map((each, i) => (others[i] as number) / each));
  return {
    name,
    opsPerSecond: 1 / median(ours),
    baselineOpsPerSecond: 1 / median(theirs),
    ratio: ratioTo(theirs),
    ...(codec === undefined ? {} : { codecRatio: ratioTo(codecs) }),
  };
}

/**
 * Times what changes something with each message, so that none of them can be worked off twice, against its baselines.
 * The first rounds warm up and are not counted.
 */
export async function compareBatches(
  name: string,
  messages: number,
  batches: Batches,
  options: TimerOptions,
): Promise<Result> {
  const { subject, bare, receipt } = batches;
  const operations = receipt === undefined ? [subject, bare] : [subject, bare, receipt];
  const seconds: number[][] = operations.map(() => []);
  for (let round = 0; round < roundsOf(options); round++) {
    for (let turn = 0; turn < operations.length; turn++) {
      const index = (round + turn) % operations.length;
      const taken = await secondsPerCall(() => operations[index]?.(round), 1);
      if (round >= WARM_UP_ROUNDS) seconds[index]?.push(taken / messages);
    }
  }
  const [ours = [], theirs = [], receipts = []] = seconds;
  const ratioTo = (others: number[]) => median(ours.map((each, i) => (others[i] as number) / each));
  return {
    name,
    opsPerSecond: 1 / median(ours),
    baselineOpsPerSecond: 1 / median(theirs),
    ratio: ratioTo(theirs),
    ...(receipt === undefined ? {} : { receiptRatio: ratioTo(receipts) }),
  };
}

/** Rounds of {@link compareBatches}, those that warm up included. */
export function roundsOf({ samples }: TimerOptions): number {
  return samples + WARM_UP_ROUNDS;
}

const WARM_UP_ROUNDS = 3;

/** Times an operation that has nothing to be compared with. */
export async function measure(
  name: string,
  subject: Operation,
  options: TimerOptions,
): Promise<Result> {
  const calls = await callsPerBatch(subject, options.batch);
  const samples: number[] = [];
  for (let i = 0; i < options.samples; i++) samples.push(await secondsPerCall(subject, calls));
  return { name, opsPerSecond: 1 / median(samples) };
}

/** Milliseconds of the fastest of a few calls: the cost of the work on a quiet machine. */
export async function fastest(subject: Operation, calls: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls; i++) {
    best = Math.min(best, (await secondsPerCall(subject, 1)) * 1000);
  }
  return best;
}

/** Doubles the calls until they fill many batches, so that the engine has optimised the code by then. */
async function callsPerBatch(operation: Operation, batch: number): Promise<number> {
  for (let calls = 1; ; calls *= 2) {
    const milliseconds = (await secondsPerCall(operation, calls)) * 1000;
    if (milliseconds * calls >= batch * WARM_UP) {
      return Math.max(1, Math.round(batch / milliseconds));
    }
  }
}

/** Batches of warming up, at least. */
const WARM_UP = 10;

async function secondsPerCall(operation: Operation, calls: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < calls; i++) {
    const result = operation();
    // Awaiting a plain value would add a turn of the event loop to every synchronous operation.
    if (result instanceof Promise) await result;
  }
  return (performance.now() - started) / 1000 / calls;
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
