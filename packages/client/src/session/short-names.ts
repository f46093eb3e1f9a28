import type { Timers } from '@dimp/core';
import { RESERVED_NAMES } from '@dimp/endpoint';
import { disposeSymbol, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Longest name, in UTF-16 units. */
const MAX_LENGTH = 64;
/** How long an answer may take, in milliseconds. */
const TIMEOUT = 30_000;

/**
 * Checks what a person has typed.
 *
 * @returns false for a word that is reserved
 * @throws `RangeError` for what can be no short name: an ID, several words, more than 64 characters
 */
export function isShortName(name: string): boolean {
  if (!/^[^\s@/\p{C}]+$/u.test(name) || name.length > MAX_LENGTH) {
    throw new RangeError('not a short name');
  }
  return !RESERVED_NAMES.has(name.toLowerCase());
}

/** What a station answers to questions for names (spec §9.12). */
export interface NamesBody {
  readonly names: readonly string[];
  readonly records?: Readonly<Record<string, ID>>;
  readonly missed?: readonly string[];
}

type Answer = (id: ID | undefined) => void;

/** Questions for names that have not been answered. Nothing else that a station tells of names is kept (spec §14.1 #11). */
export class NameQuestions {
  readonly #waiting = new Map<string, Set<Answer>>();

  /**
   * Waits for the answer for a name.
   *
   * @throws `transport/timeout`; the signal's reason
   */
  async answer(
    name: string,
    timers: Timers,
    signal: AbortSignal | undefined,
  ): Promise<ID | undefined> {
    const answers = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, answers);
    let answer: Answer = () => {};
    let timer: Disposable | undefined;
    let abort = (): void => {};
    try {
      return await new Promise<ID | undefined>((resolve, reject) => {
        answer = resolve;
        abort = () => reject(signal?.reason);
        answers.add(answer);
        timer = timers.after(TIMEOUT, () => reject(noAnswer()));
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      answers.delete(answer);
      if (answers.size === 0) this.#waiting.delete(name);
      timer?.[disposeSymbol]();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @returns whether it is an answer to one of our questions */
  take({ records, missed = [] }: NamesBody): boolean {
    if (records === undefined) return false;
    let asked = false;
    for (const [name, answers] of this.#waiting) {
      const id = Object.hasOwn(records, name) ? records[name] : undefined;
      if (id === undefined && !missed.includes(name)) continue;
      asked = true;
      // A name stands for somebody, not for whoever reads it.
      for (const answer of [...answers]) answer(id?.isBroadcast ? undefined : id);
    }
    return asked;
  }
}

function noAnswer(): ProtocolError<'transport/timeout'> {
  return new ProtocolError('transport/timeout', 'the station does not answer');
}
