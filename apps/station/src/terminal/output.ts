import type { Json, JsonObject } from '@dimp/foundation';
import { failureOf } from './failure.ts';

/** Receives text, such as a stream of the process. */
export interface TextSink {
  write(text: string): unknown;
}

/** Output of commands: results on the standard output, remarks and failures on the standard error. */
export class Output {
  readonly json: boolean;
  readonly #out: TextSink;
  readonly #err: TextSink;

  /** @param json - whether to write one JSON object per line instead of text */
  constructor(out: TextSink, err: TextSink, json: boolean) {
    this.#out = out;
    this.#err = err;
    this.json = json;
  }

  /** Writes a result, as JSON or as text. */
  result(facts: JsonObject, human: string): void {
    this.#out.write(`${this.json ? JSON.stringify(facts as Json) : printable(human)}\n`);
  }

  /** Writes a remark for people. */
  note(text: string): void {
    this.#err.write(`dim-station: ${printable(text)}\n`);
  }

  /** Writes a failure. @returns the exit status */
  failure(error: unknown): number {
    const { code, message, exit } = failureOf(error);
    if (this.json) this.#out.write(`${JSON.stringify({ error: { code, message } })}\n`);
    else for (const line of message.split('\n')) this.note(`${line} [${code}]`);
    return exit;
  }
}

/** Replaces characters that could control a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (each) => (each === '\n' ? each : '\ufffd'));
}
