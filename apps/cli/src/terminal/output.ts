import type { Json, JsonObject } from '@dimp/foundation';
import { stringifyJson } from '@dimp/foundation';
import { failureOf } from './failure.ts';
import { oneLine } from './text.ts';

/** Takes text; a stream of the process. */
export interface Sink {
  write(text: string): unknown;
}

/** How {@link Output} writes. */
export interface OutputOptions {
  /** One JSON object for each line, and nothing else. */
  readonly json: boolean;
  /** No remarks. */
  readonly quiet: boolean;
}

/**
 * What a command says: results on the standard output, remarks on the standard error. As JSON each result is one line on
 * the standard output, errors too; remarks are left out, so that whoever reads it needs no exceptions.
 */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #out: Sink;
  readonly #err: Sink;

  constructor(out: Sink, err: Sink, { json, quiet }: OutputOptions) {
    this.#out = out;
    this.#err = err;
    this.json = json;
    this.quiet = quiet;
  }

  /**
   * A result.
   *
   * @param type - says what the JSON object is
   * @param human - lines for people, already {@link printable}
   */
  result(type: string, facts: JsonObject, human: string | readonly string[]): void {
    if (this.json) this.#out.write(`${lineOf({ type, ...facts })}\n`);
    else for (const line of [human].flat()) this.#out.write(`${line}\n`);
  }

  /** A remark for people. */
  note(text: string): void {
    if (!this.json && !this.quiet) this.#err.write(`${oneLine(text)}\n`);
  }

  /**
   * A remark that programs want as well.
   *
   * @param human - empty for what people need not know
   */
  event(type: string, facts: JsonObject, human: string): void {
    if (this.quiet) return;
    if (this.json) this.result(type, facts, []);
    else if (human !== '') this.note(human);
  }

  /** @returns the exit status */
  failure(error: unknown): number {
    const { code, message, exit, facts } = failureOf(error);
    if (this.json) this.#out.write(`${lineOf({ error: { code, message, ...facts } })}\n`);
    else this.#err.write(`dim: ${message} [${code}]\n`);
    return exit;
  }
}

/** JSON on one line. JavaScript's line ends are escaped as well, for readers that split at them. */
function lineOf(value: Json): string {
  return stringifyJson(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
