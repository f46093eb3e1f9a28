/** Serializes uploads of the same name. A new one stops those before it. */
export class UploadTurns {
  readonly #turns = new Map<string, Turn>();

  /**
   * Waits until no other upload writes the file. A client may reconnect before the server notices that its connection
   * is broken, and must not wait for itself.
   *
   * @param stop - called when a newer upload wants the turn
   */
  async take(key: string, stop: () => void): Promise<Turn> {
    const before = this.#turns.get(key);
    const turn = this.#begin(key, stop);
    before?.stop();
    await before?.ended;
    return turn;
  }

  /** @returns undefined if an upload writes the file */
  takeIfFree(key: string): Turn | undefined {
    return this.#turns.has(key) ? undefined : this.#begin(key, () => undefined);
  }

  #begin(key: string, stop: () => void): Turn {
    const turn = new Turn(stop, () => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    });
    this.#turns.set(key, turn);
    return turn;
  }
}

/** The right to write one file, until it is disposed. */
export class Turn implements Disposable {
  /** Resolves when the turn is disposed of. */
  readonly ended: Promise<void>;
  readonly #stop: () => void;
  readonly #onEnd: () => void;
  #resolve: () => void = () => undefined;
  #stopped = false;

  constructor(stop: () => void, onEnd: () => void) {
    this.#stop = stop;
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Whether a newer upload wants the turn. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop();
  }

  [Symbol.dispose](): void {
    this.#onEnd();
    this.#resolve();
  }
}
