import type { CommandDefinition, CommandGroup } from './command.ts';

/** Loads the module of a command. */
type LoadCommand = () => Promise<CommandDefinition | CommandGroup>;

/** All commands by name, in the order of the help. A command is loaded when it is called. */
export const COMMANDS: ReadonlyMap<string, LoadCommand> = new Map<string, LoadCommand>([
  ['register', async () => (await import('./register.ts')).registerCommand],
  ['whoami', async () => (await import('./whoami.ts')).whoamiCommand],
  ['export', async () => (await import('./export.ts')).exportCommand],
  ['import', async () => (await import('./import.ts')).importCommand],
  ['contacts', async () => (await import('./contacts.ts')).contactsCommands],
  ['send', async () => (await import('./send.ts')).sendCommand],
  ['listen', async () => (await import('./listen.ts')).listenCommand],
  ['chat', async () => (await import('./chat.ts')).chatCommand],
  ['history', async () => (await import('./history.ts')).historyCommand],
  ['search', async () => (await import('./search.ts')).searchCommand],
  ['download', async () => (await import('./download.ts')).downloadCommand],
  ['outbox', async () => (await import('./outbox.ts')).outboxCommands],
  ['block', async () => (await import('./block.ts')).blockCommand],
  ['unblock', async () => (await import('./block.ts')).unblockCommand],
  ['station', async () => (await import('./station.ts')).stationCommands],
  ['inspect', async () => (await import('./inspect.ts')).inspectCommand],
  ['completion', async () => (await import('./completion.ts')).completionCommand],
]);
