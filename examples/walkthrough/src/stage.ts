/** Takes one line of text. */
export type Print = (line: string) => void;

/** Width of the label column. */
const LABEL_WIDTH = 12;

/** Prints a story in numbered steps, for the walkthrough and for the demo of `npm start`. */
export class Stage {
  readonly #print: Print;
  readonly #colours: boolean;
  #step = 0;

  constructor(print: Print, colours = false) {
    this.#print = print;
    this.#colours = colours;
  }

  /** Starts the next step. */
  step(title: string): void {
    this.#step += 1;
    this.#print('');
    this.#print(this.#paint(1, `${this.#step}. ${title}`));
  }

  /** A label and its value. */
  fact(label: string, value: string): void {
    this.#print(`   ${label.padEnd(LABEL_WIDTH)} ${value}`);
  }

  /** A fact that the program has checked. */
  proven(label: string, value: string): void {
    this.fact(label, this.#paint(32, value));
  }

  /** Something that was refused, as it must be. */
  refused(label: string, value: string): void {
    this.fact(label, this.#paint(33, value));
  }

  /** A command line for the reader to type. */
  command(line: string): void {
    this.#print(`     ${this.#paint(36, line)}`);
  }

  /** A remark. */
  note(text: string): void {
    this.#print(this.#paint(2, `   ${text}`));
  }

  #paint(code: number, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Whether the standard output takes colours. NO_COLOR: https://no-color.org */
export function hasColours({ stdout, env }: NodeJS.Process): boolean {
  return stdout.isTTY === true && !env['NO_COLOR'];
}

/**
 * Checks a claim that the story makes.
 *
 * @throws `Error`, which ends the program with status 1
 */
export function ensure(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`not as expected: ${claim}`);
}
