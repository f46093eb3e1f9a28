import type { Idle, Measured } from './measure.ts';
import { percentile } from './traffic.ts';

/** All measurements of one target. */
export interface Figures {
  readonly name: string;
  readonly rounds: Measured[];
  half?: Measured & { readonly perSecond: number };
  stored?: Measured;
  drained?: Measured;
  idle?: Idle;
  /** Why the measurements ended early. */
  problem?: string;
}

/** Messages per second. */
export function rateOf({ done, seconds }: Measured): number {
  return seconds > 0 ? done / seconds : 0;
}

/** The median of the rounds, messages per second; 0 without rounds. */
export function maximumOf({ rounds }: Figures): number {
  return middle(rounds.map(rateOf)) ?? 0;
}

/** Processor time of a message in microseconds, the median of the rounds. */
function microsOf({ rounds }: Figures): number {
  return middle(rounds.map(({ cpuMicros }) => cpuMicros ?? Number.NaN)) ?? Number.NaN;
}

/** Messages per second that one unshared processor would do. On a busy machine this says more than the maximum. */
function possibleOf(figures: Figures): number {
  return 1e6 / microsOf(figures);
}

/** One line of JSON for one step. */
export function lineOf(name: string, step: string, measured: Measured): string {
  const { sent, done, repeated, seconds, loadCpu, cpuMicros } = measured;
  return JSON.stringify({
    name: `load/${name}/${step}`,
    messagesPerSecond: round(rateOf(measured)),
    sent,
    lost: sent - done,
    repeated,
    seconds: round(seconds),
    p50: round(percentile(measured, 0.5)),
    p99: round(percentile(measured, 0.99)),
    serverMicrosPerMessage: round(cpuMicros),
    loadCpu: round(loadCpu),
  });
}

/** One line of JSON for idle connections. */
export function idleLineOf(name: string, idle: Idle): string {
  const { connections, loginsPerSecond, residentBytes, usedBytes } = idle;
  return JSON.stringify({
    name: `load/${name}/idle`,
    connections,
    loginsPerSecond: round(loginsPerSecond),
    residentBytes: round(residentBytes),
    usedBytes: round(usedBytes),
  });
}

const COLUMNS: readonly (readonly [
  title: string,
  cell: (figures: Figures, bare: Figures) => string,
])[] = [
  ['server', ({ name }) => name],
  ['messages/s', (figures) => text(maximumOf(figures))],
  ['of the relay', (figures, bare) => text(maximumOf(figures) / maximumOf(bare))],
  ['server µs/message', (figures) => text(microsOf(figures))],
  ['possible/s', (figures) => text(possibleOf(figures))],
  ['of the relay', (figures, bare) => text(possibleOf(figures) / possibleOf(bare))],
  ['load, of a processor', ({ rounds }) => text(middle(rounds.map(({ loadCpu }) => loadCpu)))],
  ['half: p50 ms', ({ half }) => text(half && percentile(half, 0.5))],
  ['p99 ms', ({ half }) => text(half && percentile(half, 0.99))],
  ['stored/s', ({ stored }) => text(stored && rateOf(stored))],
  ['drained/s', ({ drained }) => text(drained && rateOf(drained))],
  ['log-ins/s', ({ idle }) => text(idle?.loginsPerSecond)],
  ['idle: bytes of process', ({ idle }) => text(idle?.residentBytes)],
  ['in use', ({ idle }) => text(idle?.usedBytes)],
];

/** A table for readers; the ratios need the relay's figures. */
export function tableOf(all: readonly Figures[], relay: string): string {
  const bare = all.find(({ name }) => name === relay) ?? { name: relay, rounds: [] };
  const rows = all.map((figures) => COLUMNS.map(([, cell]) => cell(figures, bare)));
  const head = COLUMNS.map(([title]) => title);
  const rule = COLUMNS.map((_, index) => (index === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function text(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) || value === 0 ? '–' : String(round(value));
}

/** Three digits. */
function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(3));
}

function middle(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
