import { createServer } from 'node:net';
import { join } from 'node:path';
import { textOf } from './person.ts';
import { PROGRAMS, Program } from './program.ts';

/** Default port of stations (spec §12.1). */
const USUAL_PORT = 9394;

/** A station in a process of its own, on the loopback address. */
export interface DemoStation {
  readonly id: string;
  /** `HOST:PORT`. */
  readonly address: string;
  readonly program: Program;
}

/** Starts a station on the default port, or on another one if it is in use. */
export async function startStation(folder: string): Promise<DemoStation> {
  const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : 0;
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--data', join(folder, 'station')];
  const program = new Program(PROGRAMS.station, ['start', ...flags]);
  const line = await program.line(({ event }) => event === 'station.listening');
  const [address] = Array.isArray(line['addresses']) ? line['addresses'] : [];
  return { id: textOf(line, 'id'), address: String(address), program };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .once('listening', () => server.close(() => resolve(true)))
      .listen(port, '127.0.0.1');
  });
}
