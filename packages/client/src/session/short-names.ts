import type { Timers } from '@dimp/core';
import { RESERVED_NAMES } from '@dimp/endpoint';
import { disposeSymbol, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Limit on the length of a name, in UTF-16 units. */
const MAX_LENGTH = 64;
/** How long the station may take to answer. */
const TIMEOUT_MS = 30_000;

/**
 * Checks a name that the user has typed.
 *
 * @returns false for a reserved word
 * @throws `RangeError` if it cannot be a short name: an ID, several words, more than 64 characters
 */
export function isShortName(name: string): boolean {
  if (!/^[^\s@/\p{C}]+$/u.test(name) || name.length > MAX_LENGTH) {
    throw new RangeError('a short name must be one word of at most 64 characters');
  }
  return !RESERVED_NAMES.has(name.toLowerCase());
}

/** The answer of a station to a question for names (spec §9.12). */
export interface NamesBody {
  readonly names: readonly string[];
  readonly records?: Readonly<Record<string, ID>>;
  readonly missed?: readonly string[];
}

type Answer = (id: ID | undefined) => void;

/** Open questions for names. Nothing else that a station sends about names is kept (spec §14.1 #11). */
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
        timer = timers.after(TIMEOUT_MS, () => reject(noAnswer()));
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      answers.delete(answer);
      if (answers.size === 0) this.#waiting.delete(name);
      timer?.[disposeSymbol]();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @returns whether it answers one of our questions */
  take({ records, missed = [] }: NamesBody): boolean {
    if (records === undefined) return false;
    let asked = false;
    for (const [name, answers] of this.#waiting) {
      const id = Object.hasOwn(records, name) ? records[name] : undefined;
      if (id === undefined && !missed.includes(name)) continue;
      asked = true;
      // A name must stand for one entity, so a broadcast ID is refused.
      for (const answer of [...answers]) answer(id?.isBroadcast ? undefined : id);
    }
    return asked;
  }
}

function noAnswer(): ProtocolError<'transport/timeout'> {
  return new ProtocolError('transport/timeout', 'the station does not answer');
}
