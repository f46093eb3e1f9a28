import type { CommandDefinition } from './command.ts';

/** Loads the module of a command. */
type LoadCommand = () => Promise<CommandDefinition>;

/** The command that runs when none is named. */
export const DEFAULT_COMMAND = 'start';

/** All commands by name, in the order of the help. A command is loaded when it is called. */
export const COMMANDS: ReadonlyMap<string, LoadCommand> = new Map<string, LoadCommand>([
  [DEFAULT_COMMAND, async () => (await import('./start.ts')).startCommand],
  ['check', async () => (await import('./check.ts')).checkCommand],
  ['backup', async () => (await import('./backup.ts')).backupCommand],
  ['forget', async () => (await import('./forget.ts')).forgetCommand],
  ['id', async () => (await import('./id.ts')).idCommand],
  ['config', async () => (await import('./config.ts')).configCommand],
]);
