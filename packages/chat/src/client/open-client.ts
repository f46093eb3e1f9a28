import type { Protocol, Store } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import type { DimClient } from './dim-client.ts';
import { type ClientParts, type Engine, protocolOf, startEngine } from './engine.ts';
import { LockableMembers } from './lockable-members.ts';
import type { LockableStore, OpenClientOptions } from './options.ts';

/** A client in this thread. */
export interface LocalClient extends DimClient {
  readonly protocol: Protocol;
  /** What the client is made of, for what its interface does not offer; undefined while it is locked. */
  readonly parts: ClientParts | undefined;
}

/**
 * Opens a messenger: identity, connection, conversations and contacts over one store. It does not wait for the connection; messages
 * that are sent before it exists wait in the store.
 *
 * @throws `identity/not-found` if the store has no user, and none is named; the codes of `register`; `crypto/passphrase`; `store/`
 *   codes
 *
 * @example
 * ```ts
 * const client = await openClient({
 *   store: await lmdbStore({ path }),
 *   extensions: [standard(), chat()],
 *   stations: [{ connect: connectTcp({ host, port }), host, port }],
 *   user: 'moki',
 * });
 * const chat = await client.chats.open(hulk);
 * await chat.send('Dinner?');
 * ```
 */
export async function openClient(options: OpenClientOptions): Promise<LocalClient> {
  const protocol = protocolOf(options);
  const { store } = options;
  if ('unlock' in store) return openLockable(protocol, store, options);
  const engine = await startEngine(protocol, store, options);
  const noPassphrase = async (): Promise<never> => {
    throw new ProtocolError('state/not-ready', 'the store must be opened with a passphrase');
  };
  return { ...engine, protocol, lock: noPassphrase, unlock: noPassphrase };
}

async function openLockable(
  protocol: Protocol,
  store: LockableStore,
  options: OpenClientOptions,
): Promise<LocalClient> {
  const lock = new StoreLock(protocol, store, options);
  if (store.passphrase !== undefined) await lock.unlock(store.passphrase);
  const members = {
    ...lock.members.make(),
    protocol,
    lock: () => lock.lock(),
    unlock: (passphrase: string) => lock.unlock(passphrase),
    close: () => lock.close(),
  };
  Object.defineProperty(members, 'parts', { get: () => lock.engine?.parts, enumerable: true });
  return members as object as LocalClient;
}

/** Opens and closes the store of a client, one after the other. */
class StoreLock {
  readonly members = new LockableMembers();
  engine: Engine | undefined;
  readonly #protocol: Protocol;
  readonly #store: LockableStore;
  readonly #options: OpenClientOptions;
  #open: Store | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(protocol: Protocol, store: LockableStore, options: OpenClientOptions) {
    this.#protocol = protocol;
    this.#store = store;
    this.#options = options;
  }

  unlock(passphrase: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) throw stopped();
      if (this.engine !== undefined) return;
      const store = await this.#store.unlock(passphrase);
      try {
        this.engine = await startEngine(this.#protocol, store, this.#options);
      } catch (error) {
        await store.close();
        throw error;
      }
      this.#open = store;
      await this.members.set(this.engine);
    });
  }

  lock(): Promise<void> {
    return this.#inTurn(() => this.#lock());
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true;
      await this.#lock();
      await this.members.stop(stopped());
    });
  }

  async #lock(): Promise<void> {
    const engine = this.engine;
    if (engine === undefined) return;
    await this.members.set(undefined);
    this.engine = undefined;
    await engine.close();
    await this.#open?.close();
    this.#open = undefined;
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the client is closed');
}
