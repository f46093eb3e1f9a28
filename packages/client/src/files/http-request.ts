import type { Timers } from '@dimp/core';
import { socketError } from '@dimp/core/transport';
import { disposeSymbol, type ErrorCode, isProtocolError, ProtocolError } from '@dimp/foundation';

/** Aborts a request that makes no progress, and maps the reason to an error. */
export class Watch {
  readonly signal: AbortSignal;
  readonly #outer: AbortSignal | undefined;
  readonly #timers: Timers;
  readonly #timeout: number;
  readonly #controller = new AbortController();
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);
  #timer: Disposable | undefined;
  #late = false;

  /** @param timeout - milliseconds without progress */
  constructor(outer: AbortSignal | undefined, timers: Timers, timeout: number) {
    outer?.throwIfAborted();
    this.#outer = outer;
    this.#timers = timers;
    this.#timeout = timeout;
    this.signal = this.#controller.signal;
    outer?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Waits for one step of the request. */
  async step<T>(step: Promise<T>): Promise<T> {
    this.#timer = this.#timers.after(this.#timeout, () => {
      this.#late = true;
      this.#controller.abort();
    });
    try {
      return await step;
    } catch (cause) {
      this.#outer?.throwIfAborted();
      if (isProtocolError(cause)) throw cause;
      if (this.#late) throw new ProtocolError('transport/timeout', 'the server does not answer');
      throw requestError(cause);
    } finally {
      this.#timer[disposeSymbol]();
    }
  }

  /** Must be called when the request is over. */
  close(): void {
    this.#outer?.removeEventListener('abort', this.#abort);
  }
}

/** Node's `fetch` puts the reason into the cause of its error. Browsers give no reason. */
function requestError(thrown: unknown): ProtocolError {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  return socketError(cause, { lost: 'the connection to the server broke' });
}

/** Errors of HTTP statuses that mean the same for every request (RFC 9110 §15, RFC 6585 §4, RFC 4918 §11). */
const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'policy/unauthorized',
  403: 'policy/unauthorized',
  404: 'identity/not-found',
  408: 'transport/timeout',
  410: 'identity/not-found',
  413: 'store/too-large',
  425: 'transport/closed',
  429: 'policy/rate-limited',
  507: 'store/quota',
};

const MEANINGS: Readonly<Partial<Record<ErrorCode, string>>> = {
  'identity/not-found': 'the server does not have the file',
  'policy/rate-limited': 'the server limits requests; try again later',
  'policy/unauthorized': 'the server refuses access',
  'store/quota': 'the server has no room for the file',
  'store/too-large': 'the file is larger than the server accepts',
};

/** Returns the error for an HTTP status. The body is not read. */
export async function refusal(response: Response): Promise<ProtocolError> {
  const { status } = response;
  await response.body?.cancel();
  const code =
    STATUS_CODES[status] ??
    (status >= 500 && status !== 501 ? 'transport/closed' : 'transport/refused');
  return new ProtocolError(code, MEANINGS[code] ?? 'the server refuses the request', {
    details: { status },
  });
}

/** Options of every request: no cookies, no referrer, no redirections. */
export const PRIVATE: RequestInit = /* @__PURE__ */ Object.freeze({
  cache: 'no-store',
  credentials: 'omit',
  redirect: 'manual',
  referrerPolicy: 'no-referrer',
});
