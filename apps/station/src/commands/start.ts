import type { Configuration } from '../config/configuration.ts';
import { standardOutput, structuredLog } from '../log/log.ts';
import { runStation } from '../running/running-station.ts';
import { failureOf } from '../terminal/failure.ts';
import type { CommandDefinition } from './command.ts';

/** When a station that does not come to an end is left alone, in milliseconds. What it has acknowledged is on the disk. */
const DEADLINE = 9500;
/** 128 and the number of the signal, as shells have it. */
const SIGNALS = { SIGTERM: 143, SIGINT: 130 } as const;

/** Runs a station until the process gets a signal to end. */
export const startCommand: CommandDefinition = {
  name: 'start',
  description: 'run the station until it gets SIGTERM or SIGINT (the default)',

  async run({ configuration: read, output }) {
    const configuration = await read();
    // Whatever is made is for the owner alone.
    process.umask(0o077);
    const lines = standardOutput();
    const log = structuredLog(configuration.values['log.level'], lines);
    const end = endSignal(() => lines.flushSync());
    reportCrashes((kind, frames) => {
      log.error('station.crashed', { kind, frames });
      lines.flushSync();
    });
    try {
      const station = await runStation(configuration, log);
      output.note(`${station.id.text}`);
      output.note(`listening at ${station.addresses.join(', ')}`);
      remarkOnName(configuration, station.id.name, (text) => output.note(text));
      const reload = (): void => void station.reloadCertificate();
      process.on('SIGHUP', reload);
      const signal = await end;
      log.info('station.stopping', { signal });
      const deadline = setTimeout(() => {
        log.error('station.stop-failed', { reason: 'time' });
        lines.flushSync();
        process.exit(70);
      }, DEADLINE);
      await station.stop();
      clearTimeout(deadline);
      process.off('SIGHUP', reload);
      log.info('station.stopped');
    } catch (error) {
      const { code } = failureOf(error);
      log.error('station.failed', { code });
      throw error;
    } finally {
      lines.flushSync();
    }
  },
};

/** The first signal to end; the second ends the process at once. */
function endSignal(flush: () => void): Promise<string> {
  return new Promise((resolve) => {
    let signalled = false;
    for (const [name, status] of Object.entries(SIGNALS)) {
      process.on(name, () => {
        if (signalled) {
          flush();
          process.exit(status);
        }
        signalled = true;
        resolve(name);
      });
    }
  });
}

/** A fault of the program ends it, as always; but its words may quote what came from the network, so they stay out. */
function reportCrashes(report: (kind: string, frames: readonly string[]) => void): void {
  process.on('uncaughtException', (error: unknown) => {
    const kind = error instanceof Error ? error.name : typeof error;
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
    report(
      kind,
      frames.map((line) => line.trim()),
    );
    process.exit(70);
  });
}

function remarkOnName(
  { values, origin }: Configuration,
  name: string | undefined,
  note: (text: string) => void,
): void {
  if (origin('name').from === 'default' || name === values.name) return;
  note(`its name stays "${name ?? ''}": an identity keeps the one it was made with`);
}
