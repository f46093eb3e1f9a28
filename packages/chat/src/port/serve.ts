import { systemTimers, type Timers } from '@dimp/core';
import { type Handle, makeHandle, ProtocolError, showError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { DimClient } from '../client/dim-client.ts';
import { type Kind, kindAt, TREES } from '../client/members.ts';
import type { Live } from '../live/live.ts';
import type { Chat, WindowHandle } from '../model/chats.ts';
import { readArguments } from './arguments.ts';
import type { Channel } from './channel.ts';
import { otherVersion, packError } from './errors.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { PORT_VERSION, type Target, type ToServer, type ToUser } from './messages.ts';
import { isPlainObject } from './plain.ts';
import { ServedIteration } from './served-iteration.ts';
import { ServedWatch } from './served-watch.ts';

/** Options for {@link serveClient}. */
export interface ServeOptions {
  /** Reads the IDs in contents that the other side sends. Without it, such contents are refused. */
  readonly parseID?: (text: string) => ID;
  /** Called when the other side has left. */
  readonly onClose?: () => void;
  readonly timers?: Timers;
}

/** Most watches and iterations, handles, and calls under way, of one port. */
const MAX_WATCHES = 2048;
const MAX_HANDLES = 1024;
const MAX_CALLS = 1024;
/** Silence after which the other side counts as gone. A page in the background sends a sign of life each minute only. */
const GONE_AFTER_MS = 5 * 60_000;

/**
 * Lets the other side of a channel use a client: a page whose messenger runs in a worker, or another program of the same user.
 * Only the members of the interfaces can be reached. When the channel closes, everything that was opened over it is released.
 *
 * @returns closes the channel; the client stays open
 *
 * @example
 * ```ts
 * // in the worker
 * const client = await openClient(options);
 * serveClient(client, portChannel(self), { parseID: protocol.parseID });
 * ```
 */
export function serveClient(
  client: DimClient,
  channel: Channel,
  options: ServeOptions = {},
): Handle {
  const port = new ServedPort(client, channel, options);
  return makeHandle(() => port.close());
}

/** A handle of the other side; `failed` for a window that could not be made, which its first use tells. */
type Served =
  | { readonly kind: 'chat'; readonly object: Chat }
  | { readonly kind: 'window'; readonly object: WindowHandle }
  | { readonly kind: 'failed'; readonly error: unknown };

class ServedPort {
  readonly timers: Timers;
  readonly #client: DimClient;
  readonly #channel: Channel;
  readonly #options: ServeOptions;
  readonly #heartbeat: Heartbeat;
  readonly #handles = new Map<number, Served>();
  readonly #calls = new Map<number, AbortController>();
  readonly #watches = new Map<number, ServedWatch>();
  readonly #iterations = new Map<number, ServedIteration>();
  readonly #leaveMe: () => void;
  #greeted = false;
  #closed = false;

  constructor(client: DimClient, channel: Channel, options: ServeOptions) {
    this.timers = options.timers ?? systemTimers;
    this.#client = client;
    this.#channel = channel;
    this.#options = options;
    this.#heartbeat = startHeartbeat({
      timers: this.timers,
      beat: () => this.post({ t: 'beat' }),
      limits: [{ afterMs: GONE_AFTER_MS, reached: () => this.close() }],
    });
    // Locking empties all live values without a call of their listeners.
    this.#leaveMe = client.me.subscribe(() => {
      for (const watch of this.#watches.values()) watch.update();
    });
    channel.onClose = () => this.#end();
    channel.onMessage = (message) => this.#receive(message);
    this.post({ t: 'hello', version: PORT_VERSION });
  }

  post(message: ToUser): void {
    if (this.#closed) return;
    this.#heartbeat.sent();
    this.#channel.post(message);
  }

  close(error?: ProtocolError): void {
    if (this.#closed) return;
    this.post({ t: 'bye', ...(error === undefined ? {} : { error: packError(error) }) });
    this.#end();
    this.#channel.close();
  }

  /** A watch or an iteration has ended. */
  ended(n: number): void {
    this.#watches.delete(n);
    this.#iterations.delete(n);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#heartbeat.stop();
    this.#leaveMe();
    for (const watch of this.#watches.values()) watch.stop();
    for (const iteration of this.#iterations.values()) iteration.stop();
    for (const call of this.#calls.values()) call.abort();
    for (const h of this.#handles.keys()) this.#release(h);
    this.#options.onClose?.();
  }

  /** The other side may be another program: a message of any form must not stop this one. */
  #receive(received: unknown): void {
    if (this.#closed) return;
    this.#heartbeat.heard();
    if (!isMessage(received)) return;
    if (received.t === 'hello') {
      if (received.version === PORT_VERSION) this.#greeted = true;
      else this.close(otherVersion());
    } else if (this.#greeted) this.#dispatch(received);
  }

  #dispatch(message: ToServer): void {
    switch (message.t) {
      case 'call':
        this.#answering(message.n, () => this.#call(message));
        break;
      case 'watch':
        this.#answering(message.n, () => this.#watch(message));
        break;
      case 'iterate':
        this.#answering(message.n, () => this.#iterate(message));
        break;
      case 'make':
        this.#make(message);
        break;
      case 'seen':
        this.#watches.get(message.n)?.seen();
        break;
      case 'next':
        this.#iterations.get(message.n)?.next(message.count);
        break;
      case 'stop':
        this.#stop(message.n);
        break;
      case 'release':
        this.#release(message.h);
        break;
      case 'bye':
        this.close();
        break;
    }
  }

  /** Answers with the error that a task throws. */
  #answering(n: number, task: () => void): void {
    try {
      const isNew = !this.#watches.has(n) && !this.#iterations.has(n) && !this.#calls.has(n);
      if (!Number.isSafeInteger(n) || !isNew) throw new TypeError('n must be a new number');
      task();
    } catch (error) {
      this.post({ t: 'no', n, error: packError(error) });
    }
  }

  #call(message: Extract<ToServer, { t: 'call' }>): void {
    const { n } = message;
    const stop = new AbortController();
    const run = this.#find(message, ['call', 'tell', 'chat'], {
      signal: stop.signal,
      ...(message.progress === true
        ? { onProgress: (...args: unknown[]) => this.post({ t: 'progress', n, args }) }
        : {}),
    });
    if (this.#calls.size >= MAX_CALLS) throw tooMany();
    this.#calls.set(n, stop);
    void this.#finish(message, run.kind, run.call);
  }

  async #finish(
    { n, h, on }: Extract<ToServer, { t: 'call' }>,
    kind: Kind,
    call: () => unknown,
  ): Promise<void> {
    try {
      const value = await call();
      if (this.#closed) return;
      this.#hurryWindow(on);
      if (kind !== 'chat') this.post({ t: 'ok', n, value });
      else {
        const chat = value as Chat;
        this.#keep(h, { kind, object: chat });
        this.post({ t: 'ok', n, value: chat.id });
      }
    } catch (error) {
      this.post({ t: 'no', n, error: packError(error) });
    } finally {
      this.#calls.delete(n);
    }
  }

  /** A call of a window is answered when its messages are in the window, also in that of the other side. */
  #hurryWindow(on: number): void {
    const served = this.#handles.get(on);
    if (served?.kind !== 'window') return;
    for (const watch of this.#watches.values()) if (watch.shows(served.object)) watch.hurry();
  }

  #watch(message: Extract<ToServer, { t: 'watch' }>): void {
    const { n } = message;
    this.#checkWatches();
    const live =
      message.path === ''
        ? this.#window(message.on)
        : this.#find(message, ['live', 'query']).call();
    this.#watches.set(n, new ServedWatch(n, live as Live<unknown>, this));
  }

  #iterate(message: Extract<ToServer, { t: 'iterate' }>): void {
    const { n } = message;
    this.#checkWatches();
    const stop = new AbortController();
    const { call } = this.#find(message, ['iterate'], { signal: stop.signal });
    const items = call() as AsyncIterable<unknown>;
    this.#iterations.set(n, new ServedIteration(n, items, stop, this));
  }

  #window(on: number): WindowHandle {
    const served = this.#handle(on);
    if (served.kind !== 'window') throw new TypeError('the handle must be that of a window');
    return served.object;
  }

  #checkWatches(): void {
    if (this.#watches.size + this.#iterations.size >= MAX_WATCHES) throw tooMany();
  }

  #make(message: Extract<ToServer, { t: 'make' }>): void {
    try {
      const object = this.#find(message, ['window']).call() as WindowHandle;
      this.#keep(message.h, { kind: 'window', object });
    } catch (error) {
      if (this.#isFree(message.h)) this.#handles.set(message.h, { kind: 'failed', error });
    }
  }

  #stop(n: number): void {
    this.#watches.get(n)?.stop();
    this.#watches.delete(n);
    this.#iterations.get(n)?.stop();
    this.#calls.get(n)?.abort();
  }

  #keep(h: number | undefined, served: Served): void {
    if (h === undefined || !this.#isFree(h)) throw new TypeError('h must be a new number');
    if (this.#handles.size >= MAX_HANDLES) throw tooMany();
    this.#handles.set(h, served);
  }

  #isFree(h: number): boolean {
    return (
      Number.isSafeInteger(h) &&
      h > 0 &&
      !this.#handles.has(h) &&
      this.#handles.size < 2 * MAX_HANDLES
    );
  }

  #release(h: number): void {
    const served = this.#handles.get(h);
    this.#handles.delete(h);
    if (served?.kind === 'window') {
      served.object.close().catch((error: unknown) => showError('a window has failed:', error));
    }
  }

  #handle(on: number): Extract<Served, { readonly object: unknown }> {
    const served = this.#handles.get(on);
    if (served === undefined) throw new TypeError('there is no such handle');
    if (served.kind === 'failed') throw served.error;
    return served;
  }

  /**
   * Finds a member by its path.
   *
   * @param extra - options that cannot cross the port, for a member that takes options last
   */
  #find(
    { on, path, args, ids }: Target,
    kinds: readonly Kind[],
    extra?: Readonly<Record<string, unknown>>,
  ): { readonly kind: Kind; readonly call: () => unknown } {
    const { kind: where, object } =
      on === 0 ? ({ kind: 'client', object: this.#client } as const) : this.#handle(on);
    const tree = TREES[where];
    const kind = typeof path === 'string' ? kindAt(tree, path) : undefined;
    if (kind === undefined || !kinds.includes(kind)) {
      throw new TypeError('path must be that of a member of the interface');
    }
    const read = readArguments(args, ids, this.#options.parseID);
    const names = path.split('.');
    let owner: unknown = object;
    for (const name of names.slice(0, -1)) owner = Reflect.get(Object(owner), name);
    const name = names.at(-1) ?? '';
    if (kind === 'live') return { kind, call: () => Reflect.get(Object(owner), name) };
    const all =
      extra === undefined || !WITH_OPTIONS.has(path) ? read : withExtra(read, extra, path);
    return {
      kind,
      call: () => Reflect.apply(Reflect.get(Object(owner), name), owner, all),
    };
  }
}

/** Members that take a signal, and where their options stand. */
const WITH_OPTIONS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['attachment', 1],
  ['chats.incoming', 0],
]);

function withExtra(
  args: readonly unknown[],
  extra: Readonly<Record<string, unknown>>,
  path: string,
): readonly unknown[] {
  const at = WITH_OPTIONS.get(path) ?? 0;
  const given = args[at];
  return [...args.slice(0, at), { ...(isPlainObject(given) ? given : {}), ...extra }];
}

function tooMany(): ProtocolError<'policy/rate-limited'> {
  return new ProtocolError('policy/rate-limited', 'the port has too much open at a time');
}

function isMessage(value: unknown): value is ToServer {
  return isPlainObject(value) && typeof value['t'] === 'string';
}
