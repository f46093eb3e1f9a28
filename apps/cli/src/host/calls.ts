import type { Channel } from '@dimp/chat/port';
import { isProtocolError, type JsonObject, ProtocolError } from '@dimp/foundation';
import { CommandFailure, failureOf, isFailureCode } from '../terminal/failure.ts';

/** Options of a call that cannot be cloned. */
export interface CallOptions<Progress = unknown> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

type ToHost =
  | { readonly call: string; readonly n: number; readonly args: readonly unknown[] }
  | { readonly abort: number };

type ToUser =
  | { readonly n: number; readonly value: unknown }
  | { readonly n: number; readonly error: PlainFailure }
  | { readonly n: number; readonly progress: unknown }
  | { readonly event: unknown };

/** An error on its way to another process. */
interface PlainFailure {
  readonly code: string;
  readonly message: string;
  readonly facts?: JsonObject;
  readonly details?: JsonObject;
}

/** Most calls of one connection at a time. */
const MAX_CALLS = 1024;

/**
 * Lets the other side of a channel call methods. The last argument of each method is {@link CallOptions}.
 *
 * @returns sends an event to the other side
 */
export function serveCalls(
  channel: Channel,
  methods: ReadonlyMap<string, (...args: never[]) => Promise<unknown>>,
  onClose: () => void,
): (event: unknown) => void {
  const running = new Map<number, AbortController>();
  const answer = (message: ToUser): void => channel.post(message);
  const run = async ({ call, n, args }: Extract<ToHost, { call: string }>): Promise<void> => {
    const method = methods.get(call);
    const abort = new AbortController();
    try {
      if (method === undefined || running.has(n) || running.size >= MAX_CALLS) {
        throw new ProtocolError('policy/rate-limited', 'the call is not possible');
      }
      running.set(n, abort);
      const options: CallOptions = {
        signal: abort.signal,
        onProgress: (progress) => answer({ n, progress }),
      };
      answer({ n, value: await Reflect.apply(method, undefined, [...args, options]) });
    } catch (error) {
      answer({ n, error: packed(error) });
    } finally {
      running.delete(n);
    }
  };
  channel.onClose = () => {
    for (const each of running.values()) each.abort(closed());
    onClose();
  };
  channel.onMessage = (message) => {
    const received = message as ToHost;
    if ('abort' in received) running.get(received.abort)?.abort(closed());
    else void run(received);
  };
  return (event) => answer({ event });
}

/** Calls methods of the other side of a channel. */
export class Caller {
  readonly #channel: Channel;
  readonly #waiting = new Map<
    number,
    {
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: unknown) => void;
      readonly onProgress: CallOptions['onProgress'];
    }
  >();
  #count = 0;
  #isClosed = false;

  /**
   * @param onEvent - called with the events of the other side
   * @param onClose - called when the other side has ended
   */
  constructor(channel: Channel, onEvent: (event: unknown) => void, onClose: () => void) {
    this.#channel = channel;
    channel.onClose = () => {
      this.#isClosed = true;
      for (const { reject } of this.#waiting.values()) reject(closed());
      this.#waiting.clear();
      onClose();
    };
    channel.onMessage = (message) => {
      const received = message as ToUser;
      if ('event' in received) onEvent(received.event);
      else this.#answered(received);
    };
  }

  #answered(answer: Exclude<ToUser, { event: unknown }>): void {
    const waiting = this.#waiting.get(answer.n);
    if ('progress' in answer) {
      waiting?.onProgress?.(answer.progress);
      return;
    }
    this.#waiting.delete(answer.n);
    if ('error' in answer) waiting?.reject(unpacked(answer.error));
    else waiting?.resolve(answer.value);
  }

  /**
   * Calls a method.
   *
   * @throws the error of the method; `transport/closed` if the other side has ended, and then the method may have run; the reason
   *   of the signal
   */
  async call<R>(
    name: string,
    args: readonly unknown[],
    { signal, onProgress }: CallOptions = {},
  ): Promise<R> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw closed();
    this.#count += 1;
    const n = this.#count;
    const abort = (): void => {
      this.#channel.post({ abort: n } satisfies ToHost);
      this.#waiting.get(n)?.reject(signal?.reason);
      this.#waiting.delete(n);
    };
    try {
      return await new Promise<R>((resolve, reject) => {
        this.#waiting.set(n, { resolve: (value) => resolve(value as R), reject, onProgress });
        signal?.addEventListener('abort', abort, { once: true });
        this.#channel.post({ call: name, n, args } satisfies ToHost);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

function packed(error: unknown): PlainFailure {
  const { code, message, facts } = failureOf(error);
  return {
    code,
    message: error instanceof Error && code !== 'internal' ? error.message : message,
    ...(facts === undefined ? {} : { facts }),
    ...(isProtocolError(error) ? { details: error.details } : {}),
  };
}

function unpacked({ code, message, facts, details }: PlainFailure): Error {
  if (isFailureCode(code)) {
    return new CommandFailure(code, message, facts === undefined ? {} : { facts });
  }
  return new ProtocolError(
    code as ProtocolError['code'],
    message,
    details === undefined ? {} : { details },
  );
}

function closed(): ProtocolError<'transport/closed'> {
  return new ProtocolError('transport/closed', 'the dim that had the profile open has ended');
}
