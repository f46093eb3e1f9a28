import { homedir, platform } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CommandFailure } from '../terminal/failure.ts';

/** Name of the folder within the usual folder of the system. */
const NAME = 'dim';

/** The parts of the system that the usual folder depends on. */
export interface System {
  readonly platform: NodeJS.Platform;
  /** @throws for a user without a home folder, such as a numeric user of a container */
  readonly homedir: () => string;
}

/**
 * Returns the folder for data of this program: in `XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`, or
 * `%LOCALAPPDATA%`.
 *
 * @throws `no-home` if the user has no home folder
 */
export function usualFolder(
  env: Readonly<Record<string, string | undefined>>,
  system: System = { platform: platform(), homedir },
): string {
  switch (system.platform) {
    case 'win32': {
      const local = env['LOCALAPPDATA'];
      return join(local || join(homeOf(system), 'AppData', 'Local'), NAME, 'Data');
    }
    case 'darwin':
      return join(homeOf(system), 'Library', 'Application Support', NAME);
    default: {
      const shared = env['XDG_DATA_HOME'];
      return join(shared || join(homeOf(system), '.local', 'share'), NAME);
    }
  }
}

function homeOf({ homedir: find }: System): string {
  let home = '';
  try {
    home = find();
  } catch {
    // The system does not know the user, and HOME is not set.
  }
  if (home !== '' && isAbsolute(home)) return home;
  throw new CommandFailure(
    'no-home',
    'no home folder: set the folder of the profiles with --data or DIM_DATA, or set HOME',
  );
}
