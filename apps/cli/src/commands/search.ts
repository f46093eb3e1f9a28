import { protocol } from '../account/protocol.ts';
import { withHistory } from '../host/with-messaging.ts';
import { type ShownMessage, shownMessage, writeMessages } from '../messages/shown-messages.ts';
import { timeOption } from '../terminal/time.ts';
import { type CommandDefinition, option, repeatableOption, wholeNumberOption } from './command.ts';

/** Options of `dim search`. */
interface SearchOptions {
  readonly in?: string;
  readonly from?: readonly string[];
  readonly kind?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly before?: number;
  /** Milliseconds since the epoch. */
  readonly after?: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;

/** Finds messages in all conversations. */
export const searchCommand: CommandDefinition<SearchOptions, [words: readonly string[]]> = {
  usage: 'search <words...>',
  summary: 'find messages',
  description:
    'Finds messages, the newest first. All words must occur; the last one may be the beginning of a word. "…" finds words that follow each other.',
  options: [
    option('--in <who>', 'only in the conversation with a person or group'),
    repeatableOption('--from <who>', 'only messages of a person; may be given several times'),
    repeatableOption('--kind <kind>', 'only messages of a kind, such as file or image'),
    timeOption('--before <time>', 'only messages before a time'),
    timeOption('--after <time>', 'only messages since a time'),
    wholeNumberOption('--limit <number>', 'most messages; 50 by default', 1, MAX_LIMIT).default(
      DEFAULT_LIMIT,
    ),
  ],
  examples: [
    'dim search dinner',
    'dim search --in hulk --after 2026-11-01 "see you"',
    'dim search report --kind file --json',
  ],

  async run(context, options, words) {
    const { before, after, limit, kind } = options;
    const found = await withHistory(context, async ({ client, host }) => {
      const { people } = host;
      const place = options.in === undefined ? undefined : await people.require(options.in);
      const authors = await Promise.all((options.from ?? []).map((each) => people.require(each)));
      const hits = client.chats.search(words.join(' '), {
        limit,
        ...(place === undefined ? {} : { in: place.text }),
        ...(authors.length === 0 ? {} : { from: authors.map(({ text }) => text) }),
        ...(kind === undefined ? {} : { kinds: kind }),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      });
      const shown: ShownMessage[] = [];
      for await (const { conversation, message } of hits) {
        shown.push(await shownMessage(message, protocol.parseID(conversation), host, true));
      }
      return shown;
    });
    writeMessages('found', found, context.output);
    if (found.length === 0) context.output.note('nothing was found');
  },
};
