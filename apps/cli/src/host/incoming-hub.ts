import type { IncomingChatMessage } from '@dimp/chat';
import { type Deferred, deferred, ProtocolError } from '@dimp/foundation';

/** A command that shows incoming messages. */
interface Reader {
  /** The message that it has got and has not finished. */
  holds: IncomingChatMessage | undefined;
  /** Set while it waits for a message. */
  waits: Deferred<IncomingChatMessage> | undefined;
  /** The message that it has finished last. */
  finished: IncomingChatMessage | undefined;
}

/**
 * Hands incoming messages to all commands that show them: a chat, and `dim listen` beside it. A message leaves the queue when
 * each of them has finished it. One that no command has finished comes again, after a restart too.
 */
export class IncomingHub {
  readonly #readers = new Map<number, Reader>();
  readonly #open: (signal: AbortSignal) => AsyncIterable<IncomingChatMessage>;
  readonly #stop = new AbortController();
  #count = 0;
  #queue: AsyncIterator<IncomingChatMessage> | undefined;
  #current: IncomingChatMessage | undefined;
  #asking: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param open - the queue: asking for the next message finishes the one before */
  constructor(open: (signal: AbortSignal) => AsyncIterable<IncomingChatMessage>) {
    this.#open = open;
  }

  /** @returns name of the new reader */
  join(): number {
    this.#count += 1;
    this.#readers.set(this.#count, { holds: undefined, waits: undefined, finished: undefined });
    return this.#count;
  }

  /**
   * Waits for the next message, and finishes the one before.
   *
   * @throws the reason of the signal; `state/stopped` when the messenger ends
   */
  async next(name: number, signal?: AbortSignal): Promise<IncomingChatMessage> {
    const reader = this.#required(name);
    this.#finish(reader);
    signal?.throwIfAborted();
    const waits = deferred<IncomingChatMessage>();
    const abort = (): void => {
      reader.waits = undefined;
      waits.reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    reader.waits = waits;
    this.#hand();
    try {
      return await waits.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Removes a reader.
   *
   * @param hasFinished - whether it has finished the message that it has got
   */
  async leave(name: number, hasFinished: boolean): Promise<void> {
    const reader = this.#readers.get(name);
    if (reader === undefined) return;
    if (hasFinished) reader.finished = reader.holds ?? reader.finished;
    this.#readers.delete(name);
    const everyone = [reader, ...this.#readers.values()];
    const isDone = everyone.some(({ finished }) => finished === this.#current);
    if (this.#current !== undefined && isDone && this.#othersHaveFinished()) this.#advance();
  }

  /** Stops reading. What no reader has finished stays in the queue. */
  async close(): Promise<void> {
    this.#stop.abort(stopped());
    for (const { waits } of this.#readers.values()) waits?.reject(stopped());
    this.#readers.clear();
    await this.#asking;
    await this.#queue?.return?.();
  }

  #finish(reader: Reader): void {
    if (reader.holds === undefined) return;
    reader.finished = reader.holds;
    reader.holds = undefined;
    if (reader.finished === this.#current && this.#othersHaveFinished()) this.#advance();
  }

  #othersHaveFinished(): boolean {
    return [...this.#readers.values()].every(({ finished }) => finished === this.#current);
  }

  /** Gives the current message to readers that wait for it, and asks for one if there is none. */
  #hand(): void {
    const current = this.#current;
    if (current === undefined) {
      this.#advance();
      return;
    }
    for (const reader of this.#readers.values()) {
      const { waits } = reader;
      if (waits === undefined || reader.finished === current) continue;
      reader.waits = undefined;
      reader.holds = current;
      waits.resolve(current);
    }
  }

  /** Asks the queue for the next message, which finishes the current one. */
  #advance(): void {
    this.#current = undefined;
    if (this.#failure !== undefined) {
      this.#fail(this.#failure.error);
      return;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      if (this.#current !== undefined) this.#hand();
    });
  }

  async #ask(): Promise<void> {
    try {
      this.#queue ??= this.#open(this.#stop.signal)[Symbol.asyncIterator]();
      const { done, value } = await this.#queue.next();
      if (done === true) throw stopped();
      this.#current = value;
    } catch (error) {
      this.#failure = { error };
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    for (const reader of this.#readers.values()) {
      reader.waits?.reject(error);
      reader.waits = undefined;
    }
  }

  #required(name: number): Reader {
    const reader = this.#readers.get(name);
    if (reader !== undefined) return reader;
    throw stopped();
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the messenger has ended');
}
