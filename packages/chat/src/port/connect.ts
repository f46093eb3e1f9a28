import { systemTimers, type Timers } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import type { DimClient, SessionState } from '../client/dim-client.ts';
import { type Kind, TREES, type Tree } from '../client/members.ts';
import type { Channel } from './channel.ts';
import { type Member, PortConnection } from './connection.ts';
import { portClosed } from './errors.ts';
import { RemoteLive, RemoteSource } from './remote-live.ts';

/** Options for {@link connectClient}. */
export interface ConnectClientOptions {
  readonly timers?: Timers;
}

/** Most items of an iteration that are asked for at a time. */
const ITEMS = 64;
/** Iterations whose items are finished one by one. */
const ONE_BY_ONE: ReadonlySet<string> = /* @__PURE__ */ new Set(['chats.incoming']);

/**
 * Makes a client of the other side of a channel, where `serveClient` runs. It works like one of this thread; closing it closes the
 * channel only.
 *
 * While the other side is silent for more than 5 s, its session says `stalled`. After 30 s, and when the channel is closed, all calls
 * reject with `transport/closed`; with `unsupported/version` if the other side is of another version.
 *
 * @example
 * ```ts
 * const client = connectClient(portChannel(new Worker('/engine.js', { type: 'module' })));
 * for await (const { messages } of client.chats.unread) showBadge(messages);
 * ```
 */
export function connectClient(channel: Channel, options: ConnectClientOptions = {}): DimClient {
  return new RemoteClient(channel, options.timers ?? systemTimers).client;
}

/** A handle at the other side. It lives as long as something here can use it. */
interface HandleRef {
  readonly h: number;
}

class RemoteClient {
  readonly client: DimClient;
  readonly #connection: PortConnection;
  readonly #timers: Timers;
  /** A net under handles that are forgotten; windows should be closed. */
  readonly #forgotten: FinalizationRegistry<number>;
  readonly #session: RemoteSource;

  constructor(channel: Channel, timers: Timers) {
    this.#timers = timers;
    // Before the connection: it tells of its end at once if the channel is closed already.
    this.#session = new RemoteSource({
      watch: (watcher) => this.#connection.watch({ on: 0, path: 'session' }, [], watcher),
      view: (value) => sessionThrough(this.#connection.state, value),
    });
    this.#connection = new PortConnection(channel, timers, () => this.#session.update());
    const connection = this.#connection;
    this.#forgotten = new FinalizationRegistry((h) => connection.release(h));
    const client = this.#members(TREES.client, { h: 0 });
    Object.assign(client, {
      session: this.#liveOf(this.#session),
      close: async () => connection.close(stopped()),
    });
    this.client = client as DimClient;
  }

  /** Makes an object with the members of an interface. */
  #members(tree: Tree, ref: HandleRef, prefix = ''): object {
    const members: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(tree)) {
      const path = prefix + name;
      members[name] =
        typeof kind === 'string'
          ? this.#member(kind, path, ref)
          : this.#members(kind, ref, `${path}.`);
    }
    return members;
  }

  #member(kind: Kind, path: string, ref: HandleRef): unknown {
    const connection = this.#connection;
    // Made anew for each use: it keeps `ref`, and so the handle, from being forgotten.
    const member = (): Member => ({ on: ref.h, path });
    switch (kind) {
      case 'live':
        return this.#live(member, []);
      case 'query':
        return (...args: unknown[]) => this.#live(member, args);
      case 'call':
        return (...args: unknown[]) => connection.call(member(), args);
      case 'tell':
        return (...args: unknown[]) => {
          // Without a result, there is nobody to tell of an error.
          connection.call(member(), args).catch(() => undefined);
        };
      case 'iterate':
        return (...args: unknown[]) =>
          connection.iterate(member(), args, ONE_BY_ONE.has(path) ? 1 : ITEMS);
      case 'chat':
        return async (...args: unknown[]) => {
          const chat = { h: connection.name() };
          const id = await connection.call(member(), args, chat.h);
          return { id, ...this.#members(TREES.chat, this.#keep(chat)) };
        };
      case 'window':
        return (...args: unknown[]) => this.#window(connection.make(member(), args));
    }
  }

  #window(h: number): object {
    const ref = this.#keep({ h });
    const live = this.#live(() => ({ on: ref.h, path: '' }), []);
    const closeLive = live.close.bind(live);
    const call = async (name: string, args: readonly unknown[]): Promise<void> => {
      await this.#connection.call({ on: ref.h, path: name }, args);
      // The snapshot came before the answer, and is shown in a moment.
      await live.ready;
    };
    const methods = Object.keys(TREES.window).map((name) => [
      name,
      (...args: unknown[]) => call(name, args),
    ]);
    return Object.assign(live, Object.fromEntries(methods), {
      close: async () => {
        await closeLive();
        this.#connection.release(h);
      },
    });
  }

  #live(member: () => Member, args: readonly unknown[]): RemoteLive {
    const watch = (watcher: RemoteSource) => this.#connection.watch(member(), args, watcher);
    const source: RemoteSource = new RemoteSource({ watch: () => watch(source) });
    return this.#liveOf(source);
  }

  #liveOf(source: RemoteSource): RemoteLive {
    return new RemoteLive({
      watch: (changed) => source.watch(changed),
      load: () => source.load(),
      elements: source.elements,
      timers: this.#timers,
    });
  }

  #keep(ref: HandleRef): HandleRef {
    this.#forgotten.register(ref, ref.h);
    return ref;
  }
}

/** State of the session, as far as the port lets it through. */
function sessionThrough(port: PortConnection['state'], value: unknown): unknown {
  if (port === 'open') return value;
  const session = value as SessionState | undefined;
  if (port === 'stalled') return { ...session, state: 'stalled', waiting: session?.waiting ?? 0 };
  return { state: 'offline', error: portClosed().code, waiting: session?.waiting ?? 0 };
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the client is closed');
}
