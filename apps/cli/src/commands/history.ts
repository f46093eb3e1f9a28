import type { ChatMessage } from '@dimp/chat';
import { showConversations } from '../chat/conversations.ts';
import { withHistory } from '../host/with-messaging.ts';
import { shownMessage, writeMessages } from '../messages/shown-messages.ts';
import { timeOption } from '../terminal/time.ts';
import { type CommandDefinition, option, wholeNumberOption } from './command.ts';

/** Options of `dim history`. */
interface HistoryOptions {
  readonly limit: number;
  /** Milliseconds since the epoch. */
  readonly before?: number;
  /** Milliseconds since the epoch. */
  readonly after?: number;
  readonly all?: boolean;
}

/** Messages that are shown by default. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000_000;

/** Shows a conversation, or the list of conversations. */
export const historyCommand: CommandDefinition<HistoryOptions, [who: string | undefined]> = {
  usage: 'history [who]',
  summary: 'show a conversation, or the list of them',
  description:
    'Shows the last messages of a conversation, the oldest first. Without WHO, shows the conversations and what is unread. --before TIME shows the page before. Nothing is marked as read.',
  options: [
    wholeNumberOption('--limit <number>', 'most messages; 50 by default', 1, MAX_LIMIT).default(
      DEFAULT_LIMIT,
    ),
    timeOption('--before <time>', 'messages before a time, such as that of the oldest one shown'),
    timeOption('--after <time>', 'messages since a time'),
    option('--all', 'all messages, instead of --limit'),
  ],
  examples: [
    'dim history',
    'dim history hulk --limit 20',
    'dim history hulk --before 2026-11-30T18:00 --json',
  ],

  async run(context, { limit, before, after, all }, who) {
    if (who === undefined) {
      await withHistory(context, ({ client, host }) =>
        showConversations(client, host.people, context.output),
      );
      return;
    }
    const shown = await withHistory(context, async ({ client, host }) => {
      const id = await host.people.require(who);
      const chat = await client.chats.open(id.text);
      const messages: ChatMessage[] = [];
      // `to` is the last time that belongs to it.
      const range = {
        ...(before === undefined ? {} : { to: before - 1 }),
        ...(after === undefined ? {} : { from: after }),
      };
      for await (const message of chat.messages({ ...range, order: 'descending' })) {
        messages.push(message);
        if (all !== true && messages.length >= limit) break;
      }
      messages.reverse();
      return Promise.all(messages.map((each) => shownMessage(each, id, host, false)));
    });
    writeMessages('history', shown, context.output);
    if (shown.length === 0) context.output.note('no messages');
  },
};
