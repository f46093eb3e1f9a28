/** A command in a text, such as `/roll 20`. */
export interface CommandCall {
  /** In lower case, without the prefix. */
  readonly name: string;
  /** Words after it. Text in straight or curly double quotes is one word. */
  readonly args: readonly string[];
  /** Everything after it, as it was written. */
  readonly rest: string;
}

/** Most words of one command; the rest of the text is left out. */
const MAX_ARGS = 64;
/** Longest text that is read as a command, in UTF-16 code units. */
const MAX_TEXT = 4096;

/**
 * Reads a command.
 *
 * @param prefix - what a command begins with
 * @param botName - a command for another bot, `/roll@other`, is none
 * @returns undefined for other texts
 */
export function parseCommand(
  text: string,
  prefix: string,
  botName: string,
): CommandCall | undefined {
  const line = text.slice(0, MAX_TEXT).trim();
  if (!line.startsWith(prefix)) return undefined;
  const [, name = '', , addressee, rest = ''] =
    /^([\p{L}\p{N}_-]{1,32})(@(\S{1,64}))?(?:\s+([\s\S]*))?$/u.exec(line.slice(prefix.length)) ??
    [];
  if (name === '') return undefined;
  if (addressee !== undefined && addressee.toLowerCase() !== botName.toLowerCase()) {
    return undefined;
  }
  return { name: name.toLowerCase(), args: wordsOf(rest), rest };
}

function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const [, quoted, curly, word] of text.matchAll(/"([^"]*)"|“([^”]*)”|(\S+)/gu)) {
    words.push(quoted ?? curly ?? word ?? '');
    if (words.length === MAX_ARGS) break;
  }
  return words;
}
