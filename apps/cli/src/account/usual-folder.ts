import { homedir, platform } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CommandFailure } from '../terminal/failure.ts';

/** Name of the folder among those of other programs. */
const NAME = 'dim';

/** What the usual folder depends on. */
export interface System {
  readonly platform: NodeJS.Platform;
  /** @throws for a user without a home folder, such as one that only a container knows */
  readonly homedir: () => string;
}

/**
 * Where programs of this system keep their data: `XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`,
 * `%LOCALAPPDATA%`.
 *
 * @throws `no-home` if the system does not know where that is
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
    // The user has no entry among those of the system, and HOME is not set.
  }
  if (home !== '' && isAbsolute(home)) return home;
  throw new CommandFailure(
    'no-home',
    'the system does not say where the home folder is: name the folder of the profiles with --data or DIM_DATA, or set HOME',
  );
}
