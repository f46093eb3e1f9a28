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
  reply: 'reply [#N] [TEXT]: answer message N, or the last one, and write to its sender',
  react:
    'react [#N] [EMOJI …]: react to message N, or the last one; without an emoji, take it back',
  edit: 'edit [#N] TEXT: replace the text of your message N, or of your last one',
  recall: 'recall [#N]: take your message N back, or your last one',
  save: 'save [#N] [FOLDER]: download the file of message N, or of the last one that has a file',
  info: 'info [#N | WHO]: message N, or ID, number and names of WHO, or of the person you write to',
  search: 'search WORDS: find messages',
  history: 'history [NUMBER]: the last messages',
  chats: 'chats: your conversations, and what is unread in them',
  add: 'add [WHO [REMARK]]: add WHO, or the person you write to, to your contacts, with a name of your own',
  accept: 'accept: show a stranger that you read their messages',
  block: 'block [WHO]: refuse messages of WHO, or of the person you write to',
  unblock: 'unblock WHO: accept messages of WHO again',
  contacts: 'contacts: your contacts, and strangers you have exchanged messages with',
  file: 'file PATH: send a file',
  image: 'image PATH: send a picture',
  outbox: 'outbox: what is not with its receiver yet',
  waiting: 'waiting: messages that have arrived but cannot be shown yet, and why',
  state: 'state: the states of your messages',
  help: 'help: this list',
  quit: 'quit: leave',
} as const;

/** Commands whose argument is a person. */
const WITH_PERSON = /^\/(?:to|add|info|block|unblock)\s+(.*)$/s;

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

/** Splits the number of a message, `#N`, from what follows it. A number alone needs no sign. */
export function readMessageNumber(text: string): {
  readonly number: number | undefined;
  readonly rest: string;
} {
  const [, signed, alone, rest = ''] = /^(?:#(\d{1,7})(?!\S)|(\d{1,7})$)\s*(.*)$/s.exec(text) ?? [];
  const number = signed ?? alone;
  return number === undefined ? { number, rest: text } : { number: Number(number), rest };
}

/** Completions for the tab key: commands, and names of people where one is expected. */
export function completions(
  line: string,
  people: readonly string[],
): readonly [candidates: string[], part: string] {
  const who = WITH_PERSON.exec(line)?.[1];
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
