/** A parsed line of a chat. */
export type ChatInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: ChatCommandName; readonly rest: string }
  | { readonly kind: 'wrong'; readonly message: string };

/** Name of a command in a chat. */
export type ChatCommandName = keyof typeof CHAT_COMMANDS;

/** Commands of a chat, with their help. */
export const CHAT_COMMANDS = {
  to: 'to WHO: write to another person; WHO is a name, a number such as 123-456-7890, or an ID',
  reply: 'reply [TEXT]: write to the person who wrote last',
  add: 'add [WHO [REMARK]]: add WHO, or the person you write to, to your contacts, with a name of your own',
  info: 'info [WHO]: ID, number and names of WHO, or of the person you write to',
  contacts: 'contacts: your contacts, and strangers you have exchanged messages with',
  history: 'history [NUMBER]: the last messages',
  file: 'file PATH: send a file',
  image: 'image PATH: send a picture',
  waiting: 'waiting: messages that have arrived but cannot be shown yet, and why',
  state: 'state: the delivery states of your messages',
  help: 'help: this list',
  quit: 'quit: leave',
} as const;

/** Parses a line. A text that starts with a slash is typed with two slashes. */
export function readChatInput(line: string): ChatInput {
  if (!line.startsWith('/')) return { kind: 'text', text: line };
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) };
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (Object.hasOwn(CHAT_COMMANDS, word)) {
    return { kind: 'command', name: word as ChatCommandName, rest: rest.trim() };
  }
  return {
    kind: 'wrong',
    message: 'unknown command: see /help, or type // for a text that starts with /',
  };
}

/** Completions for the tab key: commands, and names of people where one is expected. */
export function completions(
  line: string,
  people: readonly string[],
): readonly [candidates: string[], part: string] {
  const who = /^\/(?:to|add|info)\s+(.*)$/s.exec(line)?.[1];
  if (who !== undefined) return [fitting(people, who), who];
  if (line.startsWith('/')) {
    const commands = Object.keys(CHAT_COMMANDS).map((name) => `/${name}`);
    return [fitting(commands, line), line];
  }
  const word = /\S*$/.exec(line)?.[0] ?? '';
  return [word === '' ? [] : fitting(people, word), word];
}

function fitting(candidates: readonly string[], part: string): string[] {
  const wanted = part.toLowerCase();
  return candidates.filter((each) => each.toLowerCase().startsWith(wanted));
}
