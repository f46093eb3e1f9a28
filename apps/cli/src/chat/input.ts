/** What a line in a chat asks for. */
export type ChatInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: ChatCommandName; readonly rest: string }
  | { readonly kind: 'wrong'; readonly message: string };

/** Name of a command in a chat. */
export type ChatCommandName = keyof typeof CHAT_COMMANDS;

/** Commands in a chat, and what they do. */
export const CHAT_COMMANDS = {
  to: 'to NAME: write to somebody else',
  contacts: 'contacts: who there is',
  history: 'history [NUMBER]: what was said last',
  file: 'file PATH: send a file',
  image: 'image PATH: send a picture',
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

/** What the tab key makes of a line: commands, and the names of contacts where one belongs. */
export function completions(
  line: string,
  contacts: readonly string[],
): readonly [candidates: string[], part: string] {
  const to = /^\/to\s+(.*)$/s.exec(line)?.[1];
  if (to !== undefined) return [fitting(contacts, to), to];
  if (line.startsWith('/')) {
    const commands = Object.keys(CHAT_COMMANDS).map((name) => `/${name}`);
    return [fitting(commands, line), line];
  }
  const word = /\S*$/.exec(line)?.[0] ?? '';
  return [word === '' ? [] : fitting(contacts, word), word];
}

function fitting(candidates: readonly string[], part: string): string[] {
  const wanted = part.toLowerCase();
  return candidates.filter((each) => each.toLowerCase().startsWith(wanted));
}
