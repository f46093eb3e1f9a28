import type { Timers } from '@dimp/core';
import { type Deferred, deferred } from '@dimp/foundation';
import { packArguments } from './arguments.ts';
import type { Channel } from './channel.ts';
import { otherVersion, portClosed, unpackError } from './errors.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { PORT_VERSION, type ToServer, type ToUser } from './messages.ts';
import { isPlainObject } from './plain.ts';
import type { Watcher } from './remote-live.ts';

/** Silence of the other side after which the messenger counts as stalled, and after which the port is closed. */
const STALLED_AFTER_MS = 5000;
const CLOSED_AFTER_MS = 30_000;

/** A member of the client or of a handle. */
export interface Member {
  /** 0 for the client, else the name of a handle. */
  readonly on: number;
  readonly path: string;
}

interface Call {
  readonly answer: Deferred<unknown>;
  readonly onProgress: ((...args: unknown[]) => void) | undefined;
}

/** An iteration that waits for items. */
interface Reader {
  items(items: readonly unknown[]): void;
  end(how: { readonly reason?: unknown }): void;
}

/** The user's side of a port: numbers what is under way, and hands on what comes back. */
export class PortConnection {
  readonly #channel: Channel;
  readonly #heartbeat: Heartbeat;
  readonly #calls = new Map<number, Call>();
  readonly #watchers = new Map<number, Watcher>();
  readonly #readers = new Map<number, Reader>();
  readonly #onState: () => void;
  #number = 0;
  #stalled = false;
  #closed: { readonly error: Error } | undefined;

  /** @param onState - called when {@link state} has changed */
  constructor(channel: Channel, timers: Timers, onState: () => void) {
    this.#channel = channel;
    this.#onState = onState;
    this.#heartbeat = startHeartbeat({
      timers,
      beat: () => this.#post({ t: 'beat' }),
      limits: [
        { afterMs: STALLED_AFTER_MS, reached: () => this.#stall(true) },
        { afterMs: CLOSED_AFTER_MS, reached: () => this.close(portClosed()) },
      ],
    });
    channel.onClose = (cause) => this.#end(portClosed(cause));
    channel.onMessage = (message) => this.#receive(message);
    this.#post({ t: 'hello', version: PORT_VERSION });
  }

  /** Whether the other side is silent, or gone. */
  get state(): 'open' | 'stalled' | 'closed' {
    if (this.#closed !== undefined) return 'closed';
    return this.#stalled ? 'stalled' : 'open';
  }

  /** Calls a function. @param h - name for the handle that it returns */
  async call(member: Member, args: readonly unknown[], h?: number): Promise<unknown> {
    this.#checkOpen();
    const { signal, onProgress, ...packed } = packArguments(args);
    signal?.throwIfAborted();
    const n = ++this.#number;
    const answer = deferred<unknown>();
    this.#calls.set(n, { answer, onProgress });
    const abort = (): void => {
      this.#post({ t: 'stop', n });
      answer.reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#post({
        t: 'call',
        n,
        ...member,
        ...packed,
        ...(h === undefined ? {} : { h }),
        ...(onProgress === undefined ? {} : { progress: true }),
      });
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#calls.delete(n);
    }
  }

  /** Makes a handle. @returns its name */
  make(member: Member, args: readonly unknown[]): number {
    const h = this.name();
    const { args: plain, ids } = packArguments(args);
    this.#post({ t: 'make', h, ...member, args: plain, ids });
    return h;
  }

  /** A name for a handle. */
  name(): number {
    return ++this.#number;
  }

  release(h: number): void {
    this.#post({ t: 'release', h });
  }

  /** @returns stops watching */
  watch(member: Member, args: readonly unknown[], watcher: Watcher): () => void {
    if (this.#closed !== undefined) {
      const { error } = this.#closed;
      void Promise.resolve().then(() => watcher.fail(error));
      return () => undefined;
    }
    const n = ++this.#number;
    const { args: plain, ids } = packArguments(args);
    this.#watchers.set(n, watcher);
    this.#post({ t: 'watch', n, ...member, args: plain, ids });
    return () => {
      if (this.#watchers.delete(n)) this.#post({ t: 'stop', n });
    };
  }

  /** Iterates. @param count - most items that are asked for at a time */
  async *iterate(member: Member, args: readonly unknown[], count: number): AsyncGenerator<unknown> {
    this.#checkOpen();
    const { signal, args: plain, ids } = packArguments(args);
    if (signal?.aborted) return;
    const n = ++this.#number;
    let answer = deferred<readonly unknown[]>();
    let ended: { readonly reason?: unknown } | undefined;
    const end = (how: { readonly reason?: unknown }): void => {
      ended ??= how;
      answer.resolve([]);
    };
    this.#readers.set(n, { items: (items) => answer.resolve(items), end });
    const abort = (): void => end({});
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#post({ t: 'iterate', n, ...member, args: plain, ids });
      while (ended === undefined) {
        this.#post({ t: 'next', n, count });
        const items = await answer.promise;
        answer = deferred();
        for (const item of items) {
          if (signal?.aborted) return;
          yield item;
        }
      }
      if ('reason' in ended) throw ended.reason;
    } finally {
      signal?.removeEventListener('abort', abort);
      if (this.#readers.delete(n)) this.#post({ t: 'stop', n });
    }
  }

  /** Ends everything that waits with an error. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#post({ t: 'bye' });
    this.#end(error);
    this.#channel.close();
  }

  #post(message: ToServer): void {
    if (this.#closed !== undefined) return;
    this.#heartbeat.sent();
    this.#channel.post(message);
  }

  #end(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    this.#heartbeat.stop();
    for (const { answer } of this.#calls.values()) answer.reject(error);
    for (const reader of this.#readers.values()) reader.end({ reason: error });
    for (const watcher of this.#watchers.values()) watcher.fail(error);
    this.#calls.clear();
    this.#readers.clear();
    this.#watchers.clear();
    this.#onState();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed.error;
  }

  #stall(stalled: boolean): void {
    if (this.#stalled === stalled) return;
    this.#stalled = stalled;
    this.#onState();
  }

  #receive(received: unknown): void {
    if (this.#closed !== undefined || !isMessage(received)) return;
    this.#heartbeat.heard();
    this.#stall(false);
    try {
      this.#dispatch(received);
    } catch (error) {
      // A patch of another value: what this side has is worthless from here on.
      this.close(portClosed(error));
    }
  }

  #dispatch(message: ToUser): void {
    switch (message.t) {
      case 'hello':
        if (message.version !== PORT_VERSION) this.close(otherVersion());
        break;
      case 'bye':
        this.#end(message.error === undefined ? portClosed() : unpackError(message.error));
        this.#channel.close();
        break;
      case 'ok':
        this.#calls.get(message.n)?.answer.resolve(message.value);
        break;
      case 'no':
        this.#fail(message.n, unpackError(message.error));
        break;
      case 'progress':
        this.#calls.get(message.n)?.onProgress?.(...message.args);
        break;
      case 'value':
        this.#watchers.get(message.n)?.value(message.value);
        this.#post({ t: 'seen', n: message.n });
        break;
      case 'patch':
        this.#watchers.get(message.n)?.patch(message.patch);
        this.#post({ t: 'seen', n: message.n });
        break;
      case 'items':
        this.#readers.get(message.n)?.items(message.items);
        break;
      case 'end':
        this.#readers.get(message.n)?.end({});
        this.#readers.delete(message.n);
        break;
    }
  }

  #fail(n: number, error: Error): void {
    this.#calls.get(n)?.answer.reject(error);
    this.#watchers.get(n)?.fail(error);
    this.#readers.get(n)?.end({ reason: error });
    this.#watchers.delete(n);
    this.#readers.delete(n);
  }
}

function isMessage(value: unknown): value is ToUser {
  return isPlainObject(value) && typeof value['t'] === 'string';
}
