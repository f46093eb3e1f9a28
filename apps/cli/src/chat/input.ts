/** What a line in a chat asks for. */
export type ChatInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: ChatCommandName; readonly rest: string }
  | { readonly kind: 'wrong'; readonly message: string };

/** Name of a command in a chat. */
export type ChatCommandName = keyof typeof CHAT_COMMANDS;

/** Commands in a chat, and what they do. */
export const CHAT_COMMANDS = {
  to: 'to WHO: write to somebody else; WHO is a name, a number such as 123-456-7890, or an ID',
  reply: 'reply [TEXT]: write to whoever wrote last',
  add: 'add [WHO [REMARK]]: take whom you write to, or WHO, as a contact, under a name of your own',
  info: 'info [WHO]: ID, number and names of whom you write to, or of WHO',
  contacts: 'contacts: your contacts, and who else wrote',
  history: 'history [NUMBER]: what was said last',
  file: 'file PATH: send a file',
  image: 'image PATH: send a picture',
  waiting: 'waiting: messages that have come and cannot be shown yet, and why',
  state: 'state: how far your messages have got',
  help: 'help: this list',
  quit: 'quit: leave',
} as const;

/** Reads a line. Two slashes at its beginning stand for one, of a text. */
export function readChatInput(line: string): ChatInput {
  if (!line.startsWith('/')) return { kind: 'text', text: line };
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) };
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (Object.hasOwn(CHAT_COMMANDS, word)) {
    return { kind: 'command', name: word as ChatCommandName, rest: rest.trim() };
  }
  return { kind: 'wrong', message: 'no such command: /help, or // for a text that begins with /' };
}

/** What the tab key makes of a line: commands, and the names of people where one belongs. */
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
