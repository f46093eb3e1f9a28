import type { Json, JsonObject } from '@dimp/foundation';
import { stringifyJson } from '@dimp/foundation';
import { failureOf } from './failure.ts';
import { oneLine } from './text.ts';

/** Receives text, such as a stream of the process. */
export interface Sink {
  write(text: string): unknown;
}

/** Options for {@link Output}. */
export interface OutputOptions {
  /** Writes one JSON object per line, and nothing else. */
  readonly json: boolean;
  /** Leaves out remarks. */
  readonly quiet: boolean;
}

/**
 * Output of a command: results on the standard output, remarks on the standard error. As JSON, results and errors are lines
 * on the standard output, and remarks are left out.
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
   * Writes a result.
   *
   * @param type - member `type` of the JSON object
   * @param human - lines for people, already {@link printable}
   */
  result(type: string, facts: JsonObject, human: string | readonly string[]): void {
    if (this.json) this.#out.write(`${lineOf({ type, ...facts })}\n`);
    else for (const line of [human].flat()) this.#out.write(`${line}\n`);
  }

  /** Writes a remark for people. */
  note(text: string): void {
    if (!this.json && !this.quiet) this.#err.write(`${oneLine(text)}\n`);
  }

  /**
   * Writes a remark that programs need, too.
   *
   * @param human - text for people; empty to show them nothing
   */
  event(type: string, facts: JsonObject, human: string): void {
    if (this.quiet) return;
    if (this.json) this.result(type, facts, []);
    else if (human !== '') this.note(human);
  }

  /** Writes an error. @returns the exit status */
  failure(error: unknown): number {
    const { code, message, exit, facts } = failureOf(error);
    if (this.json) this.#out.write(`${lineOf({ error: { code, message, ...facts } })}\n`);
    else this.#err.write(`dim: ${message} [${code}]\n`);
    return exit;
  }
}

/** Converts a value to JSON on one line. U+2028 and U+2029 are escaped for readers that split lines there. */
function lineOf(value: Json): string {
  return stringifyJson(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
