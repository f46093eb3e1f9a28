import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Extent of the measurement. */
export interface Plan {
  /** Prefixes of the names of the wanted targets; empty for all. */
  readonly targets: readonly string[];
  /** Users who send, each over their own connection. */
  readonly senders: number;
  /** Users who receive; every sender writes to each of them in turn. */
  readonly receivers: number;
  /** Bytes of the text inside a message. */
  readonly textBytes: number;
  /** Rounds at full speed; the median counts. */
  readonly rounds: number;
  /** Planned duration of a round and of the half load, in seconds. */
  readonly seconds: number;
  /** Most messages of a round, of the half load, and of the offline phase, where each message can be sent only once. */
  readonly messages: number;
  /** Messages of one sender in flight at full speed. */
  readonly window: number;
  /** Idle connections whose memory is measured. */
  readonly idle: number;
  /** Folder for CPU profiles of our servers. */
  readonly profile?: string;
}

const FULL: Plan = {
  targets: [],
  senders: 50,
  receivers: 50,
  textBytes: 100,
  rounds: 3,
  seconds: 3,
  messages: 24_000,
  window: 16,
  idle: 4000,
};

/** A minute, for a first impression. */
const QUICK: Plan = { ...FULL, seconds: 1, messages: 4000, idle: 300 };

const COUNTS = [
  'senders',
  'receivers',
  'textBytes',
  'rounds',
  'seconds',
  'messages',
  'window',
  'idle',
] as const;

/**
 * Reads the command line: `[--quick] [--messages N] [--idle N] … [--profile FOLDER] [beginnings of the targets' names]`.
 *
 * @throws `TypeError` for an unknown option, `RangeError` for a value that is not a number above 0
 */
export function readPlan(args: readonly string[]): Plan {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean' },
      profile: { type: 'string' },
      ...Object.fromEntries(COUNTS.map((name) => [name, { type: 'string' as const }])),
    },
  });
  const plan: Record<string, unknown> = {
    ...(values['quick'] ? QUICK : FULL),
    targets: positionals,
  };
  if (typeof values['profile'] === 'string') plan['profile'] = resolve(values['profile']);
  for (const name of COUNTS) {
    const text = (values as Readonly<Record<string, unknown>>)[name];
    if (typeof text !== 'string') continue;
    const value = Number(text);
    if (!(value > 0) || (name !== 'seconds' && !Number.isInteger(value))) {
      throw new RangeError(`--${name} must be a number above 0`);
    }
    plan[name] = value;
  }
  return plan as unknown as Plan;
}

/** Messages that each sender needs so that no phase sends a message again: warming up, rounds, half load, offline. */
export function messagesOfSender({ messages, senders, rounds }: Plan): number {
  return Math.ceil(messages / senders) * (rounds + 3);
}
