import { asyncDisposeSymbol, equalBytes, ProtocolError } from '@dimp/foundation';
import type { Store, StoreChange, StoreKey } from '../ports/store.ts';
import { checkStoreKey, checkStorePrefix } from '../ports/store-key.ts';
import { SortedPaths } from './sorted-paths.ts';

/** Terminates each part. No part contains it, and it keeps the order by parts. */
const END = '\u0000';

/** A {@link Store} in memory, for tests, demonstrations and temporary data. */
export function memoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly capabilities: Store['capabilities'] = { durable: false, shared: false };
  readonly #entries = new SortedPaths();
  #closed = false;

  get(key: StoreKey): Uint8Array | undefined {
    this.#checkOpen();
    const value = this.#entries.get(pathOf(key));
    return value === undefined ? undefined : copyOf(value);
  }

  set(key: StoreKey, value: Uint8Array): void {
    this.#checkOpen();
    this.#entries.set(pathOf(key), copyOf(value));
  }

  delete(key: StoreKey): void {
    this.#checkOpen();
    this.#entries.delete(pathOf(key));
  }

  async *list(prefix: StoreKey): AsyncGenerator<readonly [key: StoreKey, value: Uint8Array]> {
    this.#checkOpen();
    checkStorePrefix(prefix);
    const start = prefix.map((part) => part + END).join('');
    for (const [path, value] of this.#entries.under(start)) {
      yield [path.slice(0, -1).split(END), copyOf(value)];
      this.#checkOpen();
    }
  }

  batch(changes: readonly StoreChange[]): void {
    this.#checkOpen();
    // All paths are checked first, so that an invalid one changes nothing.
    const checked = changes.map((change) => ({ change, path: pathOf(change.key) }));
    for (const { change, path } of checked) {
      if (change.type === 'set') this.#entries.set(path, copyOf(change.value));
      else this.#entries.delete(path);
    }
  }

  compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): boolean {
    this.#checkOpen();
    const path = pathOf(key);
    const found = this.#entries.get(path);
    const same =
      found === undefined || expected === undefined
        ? found === expected
        : equalBytes(found, expected);
    if (!same) return false;
    if (value === undefined) this.#entries.delete(path);
    else this.#entries.set(path, copyOf(value));
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [asyncDisposeSymbol](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new ProtocolError('state/stopped', 'the store is closed');
  }
}

function pathOf(key: StoreKey): string {
  checkStoreKey(key);
  return key.map((part) => part + END).join('');
}

/** Copies bytes. Not with `slice`, which shares the memory of a Node Buffer. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
