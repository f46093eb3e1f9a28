/** Takes one line of text. */
export type Print = (line: string) => void;

/** Writes the walkthrough: numbered steps, facts beside each other, remarks. */
export class Stage {
  readonly #print: Print;
  readonly #colours: boolean;
  #step = 0;

  constructor(print: Print, colours = false) {
    this.#print = print;
    this.#colours = colours;
  }

  /** Begins the next step. */
  step(title: string): void {
    this.#step += 1;
    this.#print('');
    this.#print(this.#paint(1, `${this.#step}. ${title}`));
  }

  /** A label and what belongs to it. */
  fact(label: string, value: string): void {
    this.#print(`   ${label.padEnd(LABEL)} ${value}`);
  }

  /** Something that was proven. */
  proven(label: string, value: string): void {
    this.fact(label, this.#paint(32, value));
  }

  /** Something that was refused, as it has to be. */
  refused(label: string, value: string): void {
    this.fact(label, this.#paint(33, value));
  }

  /** A remark. */
  note(text: string): void {
    this.#print(this.#paint(2, `   ${text}`));
  }

  #paint(code: number, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

const LABEL = 12;

/**
 * Makes sure that something is as the walkthrough says.
 *
 * @throws `Error`, which ends the program with status 1.
 */
export function ensure(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`not as expected: ${claim}`);
}
