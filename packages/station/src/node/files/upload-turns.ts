/** Makes uploads of one name wait for each other. The newest one counts: those before it are told to stop. */
export class UploadTurns {
  readonly #turns = new Map<string, Turn>();

  /** Uploads that are running or waiting. */
  get size(): number {
    return this.#turns.size;
  }

  /**
   * Waits until nobody else writes the file. A client whose connection broke comes back before the server has noticed, and
   * must not wait for itself.
   *
   * @param stop - called when a newer upload wants the turn
   */
  async take(key: string, stop: () => void): Promise<Turn> {
    const before = this.#turns.get(key);
    const turn = new Turn(stop, (ended) => this.#end(key, ended));
    this.#turns.set(key, turn);
    before?.stop();
    await before?.ended;
    return turn;
  }

  /** @returns undefined if somebody writes the file */
  takeIfFree(key: string): Turn | undefined {
    if (this.#turns.has(key)) return undefined;
    const turn = new Turn(
      () => undefined,
      (ended) => this.#end(key, ended),
    );
    this.#turns.set(key, turn);
    return turn;
  }

  #end(key: string, turn: Turn): void {
    if (this.#turns.get(key) === turn) this.#turns.delete(key);
  }
}

/** The right to write one file, until it is disposed. */
export class Turn implements Disposable {
  /** When the turn has been disposed. */
  readonly ended: Promise<void>;
  readonly #stop: () => void;
  readonly #onEnd: (turn: Turn) => void;
  #resolve: () => void = () => undefined;
  #stopped = false;

  constructor(stop: () => void, onEnd: (turn: Turn) => void) {
    this.#stop = stop;
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Whether somebody else wants the turn. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop();
  }

  [Symbol.dispose](): void {
    this.#onEnd(this);
    this.#resolve();
  }
}
