import { resolve } from 'node:path';
import type { ChatMessage } from '@dimp/chat';
import { isRef } from '@dimp/extensions/chat';
import { ProtocolError } from '@dimp/foundation';
import { type Session, withMessaging } from '../host/with-messaging.ts';
import { HostEvents } from '../messages/host-events.ts';
import { downloadTo } from '../messages/save.ts';
import { usage } from '../terminal/failure.ts';
import {
  type CommandDefinition,
  MESSAGE_MARK,
  option,
  repeatableOption,
  wholeNumberOption,
} from './command.ts';

/** Options of `dim download`. */
interface DownloadOptions {
  readonly to: string;
  readonly last?: number;
  readonly files?: string;
  readonly allowHost?: readonly string[];
}

/** A message with a file. */
interface FilePlace {
  readonly conversation: string;
  readonly message: ChatMessage;
}

const MAX_LAST = 1000;

/** Downloads files of messages that have arrived. */
export const downloadCommand: CommandDefinition<DownloadOptions, [what: string]> = {
  usage: 'download <what>',
  summary: 'save files of messages',
  description:
    'Downloads the file of a message, named by its ID as dim history shows it, or the last file of a person. An interrupted download goes on where it stopped.',
  options: [
    option('--to <folder>', 'folder to save in').default('.', 'the current one'),
    wholeNumberOption('--last <number>', 'the last files of a person; 1 by default', 1, MAX_LAST),
    option('--files <url>', 'file server to download from, in addition to the stations'),
    repeatableOption('--allow-host <host>', 'another host that files may be downloaded from'),
  ],
  examples: ['dim download hulk', 'dim download hulk --last 3 --to ~/Downloads'],

  async run(context, { to, last, files, allowHost = [] }, what) {
    const hosts = [...allowHost, ...(files === undefined ? [] : [hostOf(files)])];
    const done = new Set<string>();
    using events = new HostEvents(context);
    await withMessaging(
      context,
      { onHost: (host) => events.use(host.people), onEvent: (event) => events.show(event) },
      async (session) => {
        for (const { conversation, message } of await filesOf(what, last ?? 1, session)) {
          if (done.has(message.ref)) continue;
          await downloadTo(resolve(to), conversation, message, hosts, session.calls, context);
          done.add(message.ref);
        }
      },
    );
  },
};

function hostOf(url: string): string {
  if (!URL.canParse(url)) throw usage('--files must be a URL');
  return new URL(url).host;
}

/** The messages that a text names: the one with this ID, or the last ones with files of a person. */
async function filesOf(
  what: string,
  count: number,
  { client, host }: Session,
): Promise<readonly FilePlace[]> {
  const ref = what.startsWith(MESSAGE_MARK) ? what.slice(MESSAGE_MARK.length) : what;
  const named = isRef(ref) ? await messageOf(ref, client) : undefined;
  if (named !== undefined) return [named];
  const found = await host.people.find(what);
  if (found === undefined) {
    throw notFound('neither a person nor the ID of a message: dim history WHO shows the IDs');
  }
  const chat = await client.chats.open(found.id.text);
  const files: FilePlace[] = [];
  for await (const message of chat.messages({ order: 'descending' })) {
    if (hasFile(message)) files.push({ conversation: chat.id, message });
    if (files.length >= count) break;
  }
  if (files.length === 0) throw notFound('no message of this conversation has a file');
  return files;
}

/** Looks for a message in all conversations. */
async function messageOf(
  ref: string,
  { chats }: Session['client'],
): Promise<FilePlace | undefined> {
  const lists = [chats.list(), chats.list({ archived: true }), chats.list({ requests: true })];
  for (const list of lists) {
    for (const { id } of await list.ready) {
      const chat = await chats.open(id);
      const message = await chat.message(ref);
      if (message !== undefined) return { conversation: id, message };
    }
  }
  return undefined;
}

function hasFile({ attachments, recalled, mine }: ChatMessage): boolean {
  return attachments.length > 0 && recalled === undefined && !mine;
}

function notFound(message: string): ProtocolError<'identity/not-found'> {
  return new ProtocolError('identity/not-found', message);
}
