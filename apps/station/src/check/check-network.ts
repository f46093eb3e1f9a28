import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { JsonObject } from '@dimp/foundation';
import type { NeighbourAddress } from '../config/addresses.ts';
import type { Configuration } from '../config/configuration.ts';
import { systemCode } from '../terminal/failure.ts';
import { type Finding, reporter } from './finding.ts';
import { askHealth, type HealthAnswer } from './health.ts';

/** What an answer may take, in milliseconds. */
const PATIENCE = 5000;
/** How far clocks may be apart, in milliseconds; messages of the future are refused by others. */
const MAX_SKEW = 60_000;
/** When this program was written: no clock is right that shows less. */
const WRITTEN = Date.UTC(2026, 10, 1);

/** The port: free, or the running station answers there. */
export async function* checkPort(
  { values }: Configuration,
  running: JsonObject | undefined,
): AsyncGenerator<Finding> {
  const report = reporter('port');
  if (running !== undefined) {
    const port = Number(running['port']);
    const host = localHost(values.host);
    const health = await askHealth({ host, port, tls: values['tls.required'] }, PATIENCE);
    if (health === undefined) {
      yield report.fail(`the station does not answer at port ${port}`, 'look at the log');
    } else if (!health.ok) {
      yield report.fail('the station says that it is not well', 'look at the log and the disk');
    } else yield report.ok(`the station answers at port ${port}`);
    return;
  }
  const code = await tryToListen(values.host, values.port);
  if (code === undefined) yield report.ok(`${values.port} is free`);
  else if (code === 'EADDRINUSE') {
    yield report.fail(`${values.port} is in use by another program`, 'end it, or choose --port');
  } else
    yield report.fail(`${values.port} cannot be listened at: ${code}`, 'look at host and port');
}

/** Each neighbour: whether it is there, and whether its clock agrees. */
export async function* checkNeighbours(
  { values }: Configuration,
  now: () => number,
  running: JsonObject | undefined,
): AsyncGenerator<Finding> {
  const report = reporter('neighbour');
  const refusing: unknown = running?.['refusing'];
  for (const { id, at } of values.neighbours) {
    if (Array.isArray(refusing) && refusing.includes(id.text)) {
      yield report.fail(
        `${id.text} takes nothing that this station relays`,
        'its operator has to list this station among the neighbours',
      );
    }
    if (at === undefined) {
      yield report.ok(`${id.text} has to dial this station`);
      continue;
    }
    const code = await tryToConnect(at);
    if (code !== undefined) {
      yield report.fail(`${id.text} cannot be reached: ${code}`, 'ask its operator');
      continue;
    }
    yield report.ok(`${id.text} can be reached`);
    // Stations of others may not speak HTTP at all.
    const health = await askHealth(at, PATIENCE);
    if (health !== undefined) yield* compareClocks(health, now());
  }
}

/** The clock: not before this program was written, nor before what is on the disk. */
export function* checkClock(now: number, newest: number | undefined): Generator<Finding> {
  const report = reporter('clock');
  const shown = new Date(now).toISOString();
  const fix = 'set the clock, and keep it right with NTP';
  if (now < WRITTEN) yield report.fail(`${shown} is long ago`, fix);
  else if (newest !== undefined && newest > now + MAX_SKEW) {
    yield report.fail(`${shown} is before what was stored last`, fix);
  } else yield report.ok(shown);
}

function* compareClocks({ date }: HealthAnswer, now: number): Generator<Finding> {
  if (date === undefined || Math.abs(date - now) <= MAX_SKEW) return;
  const seconds = Math.round(Math.abs(date - now) / 1000);
  yield reporter('clock').warn(`a neighbour's clock is ${seconds} s off`, 'compare both with NTP');
}

function localHost(host: string | undefined): string {
  if (host === undefined || host === '::') return 'localhost';
  return host === '0.0.0.0' ? '127.0.0.1' : host;
}

/** @returns what the system says against it */
function tryToListen(host: string | undefined, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(systemCode(error) ?? 'unknown error'));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

/** @returns why not */
function tryToConnect({
  host,
  port,
  tls,
}: NonNullable<NeighbourAddress['at']>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
    const done = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(PATIENCE, () => done('no answer'));
    socket.once('error', (error) => {
      const { code } = error as { code?: unknown };
      done(typeof code === 'string' ? code : 'unknown error');
    });
    socket.once(tls ? 'secureConnect' : 'connect', () => done(undefined));
  });
}
