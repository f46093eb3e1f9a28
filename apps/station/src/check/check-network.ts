import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { JsonObject } from '@dimp/foundation';
import type { NeighbourAddress } from '../config/addresses.ts';
import type { Configuration } from '../config/configuration.ts';
import { systemCode } from '../terminal/failure.ts';
import { type Finding, reporter } from './finding.ts';
import { askHealth, type HealthAnswer } from './health.ts';

/** Timeout for connections and answers. */
const TIMEOUT_MS = 5000;
/** Largest difference between clocks. Peers refuse messages from the future. */
const MAX_SKEW_MS = 60_000;
/** Time before which this program did not exist: a clock that shows less is wrong. */
const EARLIEST = Date.UTC(2026, 10, 1);

/** Checks that the port is free, or that the running station answers there. */
export async function* checkPort(
  { values }: Configuration,
  running: JsonObject | undefined,
): AsyncGenerator<Finding> {
  const report = reporter('port');
  if (running !== undefined) {
    const port = Number(running['port']);
    const host = localHost(values.host);
    const health = await askHealth({ host, port, tls: values['tls.required'] }, TIMEOUT_MS);
    if (health === undefined) {
      yield report.fail(`the station does not answer at port ${port}`, 'check the log');
    } else if (!health.ok) {
      yield report.fail('the station reports that it is unhealthy', 'check the log and the disk');
    } else yield report.ok(`the station answers at port ${port}`);
    return;
  }
  const code = await tryToListen(values.host, values.port);
  if (code === undefined) yield report.ok(`${values.port} is free`);
  else if (code === 'EADDRINUSE') {
    yield report.fail(
      `${values.port} is in use by another program`,
      'stop it, or choose another port with --port',
    );
  } else yield report.fail(`cannot listen on port ${values.port}: ${code}`, 'check host and port');
}

/** Checks that each neighbour can be reached, and that its clock agrees. */
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
        `${id.text} refuses messages that this station relays`,
        'its operator must add this station to the neighbours',
      );
    }
    if (at === undefined) {
      yield report.ok(`${id.text} must connect to this station`);
      continue;
    }
    const code = await tryToConnect(at);
    if (code !== undefined) {
      yield report.fail(`${id.text} cannot be reached: ${code}`, 'ask its operator');
      continue;
    }
    yield report.ok(`${id.text} can be reached`);
    // Other implementations may not serve HTTP.
    const health = await askHealth(at, TIMEOUT_MS);
    if (health !== undefined) yield* compareClocks(health, now());
  }
}

/** Checks that the clock is not earlier than this program, or than the last write of the store. */
export function* checkClock(now: number, newest: number | undefined): Generator<Finding> {
  const report = reporter('clock');
  const shown = new Date(now).toISOString();
  const fix = 'set the clock, and synchronize it with NTP';
  if (now < EARLIEST) yield report.fail(`${shown} is in the past`, fix);
  else if (newest !== undefined && newest > now + MAX_SKEW_MS) {
    yield report.fail(`${shown} is before the last write of the store`, fix);
  } else yield report.ok(shown);
}

function* compareClocks({ date }: HealthAnswer, now: number): Generator<Finding> {
  if (date === undefined || Math.abs(date - now) <= MAX_SKEW_MS) return;
  const seconds = Math.round(Math.abs(date - now) / 1000);
  yield reporter('clock').warn(
    `the clock of a neighbour differs by ${seconds} s`,
    'synchronize both with NTP',
  );
}

function localHost(host: string | undefined): string {
  if (host === undefined || host === '::') return 'localhost';
  return host === '0.0.0.0' ? '127.0.0.1' : host;
}

/** Tries to listen. @returns the error code; undefined on success */
function tryToListen(host: string | undefined, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(systemCode(error) ?? 'unknown error'));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

/** Tries to connect. @returns the error code; undefined on success */
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
    socket.setTimeout(TIMEOUT_MS, () => done('no answer'));
    socket.once('error', (error) => {
      const { code } = error as { code?: unknown };
      done(typeof code === 'string' ? code : 'unknown error');
    });
    socket.once(tls ? 'secureConnect' : 'connect', () => done(undefined));
  });
}
