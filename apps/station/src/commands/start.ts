import type { Configuration } from '../config/configuration.ts';
import { standardOutput, structuredLog } from '../log/log.ts';
import { runStation } from '../running/running-station.ts';
import { failureOf } from '../terminal/failure.ts';
import type { CommandDefinition } from './command.ts';

/** Time after which a station that does not stop is killed. Everything it has acknowledged is on the disk. */
const STOP_TIMEOUT_MS = 9500;
/** Exit status by signal: 128 plus its number, as in shells. */
const SIGNALS = { SIGTERM: 143, SIGINT: 130 } as const;

/** Runs a station until the process gets a signal to end. */
export const startCommand: CommandDefinition = {
  name: 'start',
  description: 'run the station until it gets SIGTERM or SIGINT (the default)',

  async run({ configuration: read, output }) {
    const configuration = await read();
    // Only the owner can read the files that are created.
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
      noteName(configuration, station.id.name, (text) => output.note(text));
      const reload = (): void => void station.reloadCertificate();
      process.on('SIGHUP', reload);
      const signal = await end;
      log.info('station.stopping', { signal });
      const deadline = setTimeout(() => {
        log.error('station.stop-failed', { reason: 'time' });
        lines.flushSync();
        process.exit(70);
      }, STOP_TIMEOUT_MS);
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

/** Resolves with the first signal to end. The second one exits the process at once. */
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

/** Reports an uncaught error and exits. Its message is left out, because it may contain data from the network. */
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

function noteName(
  { values, origin }: Configuration,
  name: string | undefined,
  note: (text: string) => void,
): void {
  if (origin('name').from === 'default' || name === values.name) return;
  note(`the station keeps its name "${name ?? ''}": the name of an identity cannot change`);
}
