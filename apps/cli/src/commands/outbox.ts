import type { CommandGroup } from './command.ts';
import {
  cancelOutboxCommand,
  discardOutboxCommand,
  listOutboxCommand,
  retryOutboxCommand,
} from './outbox-entries.ts';

/** What is on its way to others. */
export const outboxCommands: CommandGroup = {
  usage: 'outbox',
  summary: 'messages and files that are not sent yet',
  description:
    'Messages and files that are on their way: not sent, not uploaded, not confirmed, or failed. Without a command they are listed.',
  examples: ['dim outbox', 'dim outbox retry ID', 'dim outbox discard ID'],
  commands: [listOutboxCommand, retryOutboxCommand, cancelOutboxCommand, discardOutboxCommand],
};
