import {
  checkStoreKey,
  checkStorePrefix,
  compareStoreKeys,
  type Store,
  type StoreChange,
  type StoreKey,
  type StoreSharing,
} from '@dimp/core';
import {
  asyncDisposeSymbol,
  concatBytes,
  equalBytes,
  type MaybePromise,
  makeHandle,
  ProtocolError,
  parseJson,
  showError,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { ScryptWork } from '#native/scrypt';
import { importKey, open, seal } from './aead.ts';
import { dataKey, HEADER_KEY, rewrap, type Unlock } from './header.ts';
import { HiddenPaths } from './hidden-paths.ts';

/** Options of an {@link encryptedStore}. */
export interface EncryptionOptions {
  /** Work for one attempt at a passphrase, for a new store; by default 128 MiB and half a second. */
  readonly work?: ScryptWork;
}

/** Attempts to replace a record that is replaced concurrently. */
const ATTEMPTS = 64;

/**
 * Encrypts the values and paths of a store. Each record is authenticated together with its path (AES-256-GCM). Closing
 * it closes the underlying store.
 *
 * @param unlock - a passphrase, or a key of 32 bytes; an empty store is initialized with it
 * @throws `crypto/passphrase` for a wrong passphrase or key; `store/corrupt` for a damaged header, or a store with records
 *   that are not encrypted; `RangeError` for an empty passphrase or a key of another length
 *
 * @example
 * ```ts
 * const store = await encryptedStore(await lmdbStore({ path }), { passphrase });
 * const facebook = new Facebook({ protocol, store });
 * ```
 */
export async function encryptedStore(
  store: Store,
  unlock: Unlock,
  { work }: EncryptionOptions = {},
): Promise<Store> {
  const master = await dataKey(store, unlock, work);
  return new EncryptedStore(
    store,
    await importKey(subKey(master, 'records')),
    new HiddenPaths(subKey(master, 'paths')),
  );
}

/**
 * Changes the passphrase or key of an encrypted store. Only the header is replaced, in one step. Open stores continue to
 * work.
 *
 * @throws `crypto/passphrase` if `from` is wrong; `store/conflict` if another process changes it at the same time
 */
export async function changePassphrase(
  store: Store,
  { from, to }: { readonly from: Unlock; readonly to: Unlock },
  { work }: EncryptionOptions = {},
): Promise<void> {
  await rewrap(store, from, to, work);
}

/** Derives the key for a purpose by HMAC-SHA-256, as HKDF-Expand does (RFC 5869). */
function subKey(master: Uint8Array, purpose: string): Uint8Array {
  return hmac(sha256, master, utf8Encode(`dim-encrypted ${purpose}\u0001`));
}

class EncryptedStore implements Store {
  readonly capabilities: Store['capabilities'];
  readonly sharing?: StoreSharing;
  readonly #inner: Store;
  readonly #key: CryptoKey;
  readonly #paths: HiddenPaths;
  /** Changes take effect in the order of the calls, however long their encryption takes. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Changes that the underlying store has not acknowledged. */
  readonly #writing = new Set<Promise<unknown>>();
  #closed = false;

  constructor(inner: Store, key: CryptoKey, paths: HiddenPaths) {
    this.#inner = inner;
    this.#key = key;
    this.#paths = paths;
    this.capabilities = inner.capabilities;
    if (inner.sharing !== undefined) this.sharing = this.#share(inner.sharing);
  }

  async get(key: StoreKey): Promise<Uint8Array | undefined> {
    this.#check(key);
    const hidden = this.#paths.hide(key);
    const sealed = await this.#inner.get(hidden);
    return sealed === undefined ? undefined : (await this.#open(hidden, sealed)).value;
  }

  async set(key: StoreKey, value: Uint8Array): Promise<void> {
    this.#check(key);
    const sealing = this.#seal(key, value);
    await this.#startInTurn(async () => {
      const { key: hidden, value: sealed } = await sealing;
      return () => this.#inner.set(hidden, sealed);
    });
  }

  async delete(key: StoreKey): Promise<void> {
    this.#check(key);
    const hidden = this.#paths.hide(key);
    await this.#startInTurn(async () => () => this.#inner.delete(hidden));
  }

  /** Sorts the paths in memory, because their hidden forms have another order. Reads the values one by one. */
  async *list(prefix: StoreKey): AsyncIterable<readonly [key: StoreKey, value: Uint8Array]> {
    checkStorePrefix(prefix);
    if (this.#closed) throw stopped();
    const keys: StoreKey[] = [];
    for await (const [hidden, sealed] of this.#inner.list(this.#paths.hide(prefix))) {
      if (hidden[0] === HEADER_KEY[0]) continue;
      keys.push((await this.#open(hidden, sealed)).key);
    }
    keys.sort(compareStoreKeys);
    for (const key of keys) {
      const value = await this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  async batch(changes: readonly StoreChange[]): Promise<void> {
    if (this.#closed) throw stopped();
    for (const { key } of changes) checkStoreKey(key);
    const sealing = Promise.all(
      changes.map(async (change): Promise<StoreChange> => {
        if (change.type === 'delete') return { ...change, key: this.#paths.hide(change.key) };
        return { type: 'set', ...(await this.#seal(change.key, change.value)) };
      }),
    );
    await this.#startInTurn(async () => {
      const sealed = await sealing;
      return () => this.#inner.batch(sealed);
    });
  }

  async compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): Promise<boolean> {
    this.#check(key);
    const wanted = expected?.slice();
    const sealing = value === undefined ? undefined : this.#seal(key, value);
    const hidden = this.#paths.hide(key);
    return this.#inTurn(async () => {
      // Reads may not return pending writes yet, but the comparison must include them.
      await Promise.allSettled(this.#writing);
      return this.#swap(hidden, wanted, (await sealing)?.value);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turn;
    await Promise.allSettled(this.#writing);
    await this.#inner.close();
  }

  [asyncDisposeSymbol](): Promise<void> {
    return this.close();
  }

  /** A value has another ciphertext each time, so the underlying store compares the ciphertext that was read here. */
  async #swap(
    hidden: StoreKey,
    wanted: Uint8Array | undefined,
    next: Uint8Array | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const sealed = await this.#inner.get(hidden);
      const found = sealed === undefined ? undefined : (await this.#open(hidden, sealed)).value;
      const same =
        found === undefined || wanted === undefined ? found === wanted : equalBytes(found, wanted);
      if (!same) return false;
      if (await this.#inner.compareAndSet(hidden, sealed, next)) return true;
    }
    throw new ProtocolError('store/conflict', 'the record is changed again and again');
  }

  #check(key: StoreKey): void {
    if (this.#closed) throw stopped();
    checkStoreKey(key);
  }

  /**
   * Starts a change in its turn. The next change does not wait until this one is on disk: the underlying store keeps the
   * order and can write several changes at once.
   */
  async #startInTurn(prepare: () => Promise<() => MaybePromise<void>>): Promise<void> {
    const { writing } = await this.#inTurn(async () => {
      const change = await prepare();
      const started = Promise.resolve(change());
      const ended: Promise<unknown> = started
        .catch(() => undefined)
        .then(() => this.#writing.delete(ended));
      this.#writing.add(ended);
      return { writing: started };
    });
    await writing;
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #seal(
    key: StoreKey,
    value: Uint8Array,
  ): Promise<{ readonly key: StoreKey; readonly value: Uint8Array }> {
    const hidden = this.#paths.hide(key);
    const path = utf8Encode(stringifyJson([...key]));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, path.length);
    const plaintext = concatBytes(length, path, value);
    return { key: hidden, value: await seal(this.#key, plaintext, contextOf(hidden)) };
  }

  async #open(
    hidden: StoreKey,
    sealed: Uint8Array,
  ): Promise<{ readonly key: StoreKey; readonly value: Uint8Array }> {
    const plaintext = await open(this.#key, sealed, contextOf(hidden));
    if (plaintext === undefined || plaintext.length < 4) throw damaged();
    const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
    const end = 4 + view.getUint32(0);
    const key = parseJson(plaintext.subarray(4, end));
    // Cannot happen: this class wrote the record, since it is authentic.
    if (!Array.isArray(key)) throw damaged();
    return { key: key as readonly string[], value: plaintext.slice(end) };
  }

  #share(sharing: StoreSharing): StoreSharing {
    return {
      lock: (name, task, signal) => sharing.lock(this.#paths.hideName(name), task, signal),
      watch: (listener) => {
        let turn: Promise<void> = Promise.resolve();
        let stopped = false;
        const watching = sharing.watch((keys) => {
          turn = turn.then(async () => {
            const names = await Promise.all(keys.map((key) => this.#nameOf(key)));
            if (stopped) return;
            try {
              listener(names);
            } catch (error) {
              showError('a listener of a shared store has failed:', error);
            }
          });
        });
        return makeHandle(() => {
          stopped = true;
          watching.close();
        });
      },
    };
  }

  /** Only an existing record tells its path. Otherwise the empty path says that any record may have changed. */
  async #nameOf(hidden: StoreKey): Promise<StoreKey> {
    if (hidden.length === 0 || hidden[0] === HEADER_KEY[0]) return [];
    try {
      const sealed = await this.#inner.get(hidden);
      return sealed === undefined ? [] : (await this.#open(hidden, sealed)).key;
    } catch {
      return [];
    }
  }
}

/** Binds a record to its path. */
function contextOf(hidden: StoreKey): Uint8Array {
  return utf8Encode(hidden.join('/'));
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the store is closed');
}

function damaged(): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'an encrypted record is damaged', {
    details: { what: 'encrypted record' },
  });
}
