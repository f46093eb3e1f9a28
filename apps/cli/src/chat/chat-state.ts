import type { ID } from '@dimp/mkm';
import { Answerable } from './answerable.ts';
import { MessageNumbers } from './numbers.ts';
import type { Screen } from './screen.ts';

/** A typed line that was not executed completely, because the process that had the profile open has ended. */
export interface UnfinishedLine {
  readonly line: string;
  /** When its execution began, in milliseconds since the epoch. */
  readonly since: number;
}

/** What a chat keeps when another process has to be found, or this one has to open the profile. */
export class ChatState {
  readonly screen: Screen;
  readonly numbers = new MessageNumbers();
  readonly answerable = new Answerable();
  /** Strangers of whom the user was told. */
  readonly strangers = new Set<string>();
  peer: ID | undefined;
  /** Whether the earlier messages of {@link peer} were shown. */
  isShown = false;
  unfinished: UnfinishedLine | undefined;
  readonly #lines: AsyncGenerator<string>;
  #next: Promise<IteratorResult<string>> | undefined;

  constructor(screen: Screen, peer: ID | undefined) {
    this.screen = screen;
    this.peer = peer;
    this.#lines = screen.lines();
  }

  /**
   * The next typed line; undefined at the end of the input.
   *
   * @throws the reason of the signal, and then the line is the next one again; `interrupted`
   */
  async line(signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted();
    this.#next ??= this.#lines.next();
    const next = this.#next;
    const { done, value } = await new Promise<IteratorResult<string>>((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      next.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
    this.#next = undefined;
    return done === true ? undefined : value;
  }
}
