import type { ChatOptions } from '../chat/chat-parts.ts';
import { ChatRun } from '../chat/chat-run.ts';
import type { Host } from '../host/host.ts';
import { openHost } from '../host/open-host.ts';
import { withMessaging } from '../host/with-messaging.ts';
import type { Context } from '../terminal/context.ts';
import { type CommandDefinition, option } from './command.ts';

/** Shows the conversation, and sends each line that is typed. */
export const chatCommand: CommandDefinition<ChatOptions, [receiver: string | undefined]> = {
  usage: 'chat [receiver]',
  summary: 'write and read in one place',
  description:
    'Shows the last messages and new ones as they arrive, and sends each line that you type. A pasted text of several lines is one message. /help lists the commands of a chat.',
  options: [
    option('--files <url>', 'folder URL of the file server; the station by default'),
    option('--save <folder>', 'where /save puts files; the current folder by default'),
  ],
  examples: ['dim chat hulk', 'dim chat'],

  async run(context, options, to) {
    // Opened before the screen takes the terminal, because the passphrase may be asked for.
    const { first, begun } = await begin(context, options, to);
    let unused: Host | undefined = first;
    try {
      using run = begun;
      const open = async (): Promise<Host> => {
        const host = unused ?? (await run.reopen());
        unused = undefined;
        return host;
      };
      await withMessaging(
        run.context,
        { open, onHost: (host) => run.use(host), onEvent: (event) => run.take(event) },
        (session) => run.run(session),
      );
    } finally {
      await unused?.[Symbol.asyncDispose]();
    }
  },
};

/** Begins a chat with the profile open. */
async function begin(
  context: Context,
  options: ChatOptions,
  to: string | undefined,
): Promise<{ readonly first: Host; readonly begun: ChatRun }> {
  for (;;) {
    const first = await openHost(context);
    try {
      return { first, begun: await ChatRun.begin(context, options, first, to) };
    } catch (error) {
      await first[Symbol.asyncDispose]();
      // Nothing is shown yet: it begins anew with a process that has the profile open then.
      if (!first.lost.aborted) throw error;
    }
  }
}
