import type { ProtocolError } from '@dimp/foundation';
import type { Live } from '../live/live.ts';
import type { DimClient, Me } from './dim-client.ts';
import { FollowingLive, fixedLive, locked } from './following-live.ts';
import { type Kind, TREES, type Tree } from './members.ts';

/** A client over the store that is open at a time. */
export type OpenedClient = Omit<DimClient, 'lock' | 'unlock' | 'close'>;

/**
 * The members of a client that outlive its store: each call goes to the client that is open at that moment. Without one, calls reject
 * with `state/locked`, and live values are undefined, except that of the user.
 */
export class LockableMembers {
  readonly #lives = new Set<FollowingLive<unknown>>();
  #opened: OpenedClient | undefined;
  #me: Live<Me> = fixedLive({ id: '', name: '', fingerprint: '', locked: true });
  #stopped: ProtocolError | undefined;

  /** Goes over to another client, or to none. */
  async set(client: OpenedClient | undefined): Promise<void> {
    const before = this.#opened;
    this.#opened = client;
    if (client === undefined && before !== undefined) {
      const me = await before.me.ready.catch(() => undefined);
      if (me !== undefined) this.#me = fixedLive(Object.freeze({ ...me, locked: true }));
    }
    for (const live of [...this.#lives]) live.follow();
  }

  /** Ends all live values. */
  async stop(error: ProtocolError): Promise<void> {
    this.#stopped = error;
    this.#opened = undefined;
    await Promise.all([...this.#lives].map((live) => live.close()));
  }

  /** Makes the members. */
  make(): object {
    const me = this.#live(() => this.#opened?.me ?? this.#me);
    return { ...this.#members(TREES.client, () => this.#client()), me };
  }

  #client(): OpenedClient {
    if (this.#opened === undefined) throw this.#stopped ?? locked();
    return this.#opened;
  }

  #members(tree: Tree, owner: () => object): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(tree)) {
      members[name] =
        typeof kind === 'string'
          ? this.#member(kind, name, owner)
          : this.#members(kind, () => Object(Reflect.get(owner(), name)));
    }
    return members;
  }

  #member(kind: Kind, name: string, owner: () => object): unknown {
    const call = (args: readonly unknown[]): unknown => {
      const object = owner();
      return Reflect.apply(Reflect.get(object, name), object, args);
    };
    switch (kind) {
      case 'live':
        return this.#live(() => Reflect.get(owner(), name));
      case 'query':
        return (...args: unknown[]) => this.#live(() => call(args) as Live<unknown>);
      case 'call':
        return async (...args: unknown[]) => call(args);
      case 'tell':
      case 'iterate':
        return (...args: unknown[]) => call(args);
      case 'chat':
        return async (...args: unknown[]) => {
          const handle = this.#keep(Object(await call(args)));
          return { ...this.#members(TREES.chat, handle), id: Reflect.get(handle(), 'id') };
        };
      case 'window':
        return (...args: unknown[]) => this.#window(this.#keep(Object(call(args))));
    }
  }

  #window(handle: () => object): object {
    const live = this.#live(() => handle() as Live<unknown>);
    const stopFollowing = live.close.bind(live);
    return Object.assign(live, this.#members(TREES.window, handle), {
      close: async () => {
        await stopFollowing();
        await (handle() as Live<unknown>).close();
      },
    });
  }

  /** A handle can be used as long as the store is open over which it was opened. */
  #keep(handle: object): () => object {
    const opened = this.#client();
    return () => {
      if (this.#client() !== opened) throw locked();
      return handle;
    };
  }

  #live(find: () => Live<unknown> | undefined): FollowingLive<unknown> {
    const register = (live: FollowingLive<unknown>): (() => void) => {
      this.#lives.add(live);
      return () => this.#lives.delete(live);
    };
    return new FollowingLive({ find, register });
  }
}
