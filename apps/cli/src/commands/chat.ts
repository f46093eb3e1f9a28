import type { ID } from '@dimp/mkm';
import { openProfile, userOf } from '../account/profile.ts';
import { Chat } from '../chat/chat.ts';
import { Conversation } from '../chat/conversation.ts';
import { completions } from '../chat/input.ts';
import { Screen } from '../chat/screen.ts';
import { connectionOf } from '../messages/connection.ts';
import { DeferredMessages } from '../messages/deferred.ts';
import { History } from '../messages/history.ts';
import { People } from '../people/people.ts';
import { type CommandDefinition, option } from './command.ts';

/** Options of `dim chat`. */
interface ChatOptions {
  readonly files?: string;
}

/** Earlier messages shown at the start. */
const HISTORY_SHOWN = 20;
/** Earlier lines that the arrow keys bring back. */
const LINE_HISTORY = 200;
/** Seconds that the last lines have to be sent at the end. */
const LAST_SEND_TIMEOUT = 10;

/** Shows the conversation, and sends each line that is typed. */
export const chatCommand: CommandDefinition<ChatOptions, [receiver: string | undefined]> = {
  usage: 'chat [receiver]',
  summary: 'write and read in one place',
  description:
    'Shows the last messages and new ones as they arrive, and sends each line that you type. /help lists the commands of a chat.',
  options: [option('--files <url>', 'folder URL of the file server; the station by default')],
  examples: ['dim chat hulk', 'dim chat'],

  async run(context, options, to) {
    await using profile = await openProfile(context);
    const { id: user } = await userOf(profile);
    const people = new People(profile, user);
    const peer = to === undefined ? undefined : await people.require(to);
    const history = new History(profile.store);
    const typed = peer === undefined ? [] : await lineHistory(history, peer);
    const references = { list: await people.references() };
    using screen = new Screen(context, typed, (line) => completions(line, references.list));
    // All output, including connection states, is printed above the line that is being typed.
    const shown = { ...context, output: screen.output };
    await using connection = await connectionOf(profile, shown);
    const conversation = new Conversation(
      connection,
      history,
      people,
      screen.output,
      shown,
      options,
    );
    await using deferred = new DeferredMessages(connection.messenger, people, screen.output);
    const renew = async (): Promise<void> => {
      references.list = await people.references();
    };
    const chat = new Chat(
      { profile, connection, conversation, history, people, deferred, screen, renew },
      peer,
      HISTORY_SHOWN,
    );
    await chat.show(HISTORY_SHOWN);
    await connection.session.start();
    await deferred.reportAll();
    const end = new AbortController();
    const reading = chat.read(AbortSignal.any([end.signal, context.signal]));
    try {
      await chat.type();
      await conversation.settle(LAST_SEND_TIMEOUT);
    } finally {
      end.abort();
      await reading;
    }
  },
};

/** Texts sent earlier, newest first, for the arrow keys. */
async function lineHistory(history: History, peer: ID): Promise<readonly string[]> {
  const entries = await history.last(peer, LINE_HISTORY);
  return entries
    .filter(({ direction, kind }) => direction === 'out' && kind === 'text')
    .map(({ text }) => text.replaceAll('\n', ' '))
    .reverse();
}
