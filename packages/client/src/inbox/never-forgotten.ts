import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { hmacSha256 } from '@dimp/crypto/digests';
import { concatBytes, randomBytes, utf8Encode } from '@dimp/foundation';

const AREA = 'never-forgotten';
const KEY: StoreKey = ['device-key'];
/** Bytes of the key of this device. */
const KEY_LENGTH = 32;
/** Bytes that stand for a name. */
const NAME_LENGTH = 16;

/**
 * Names of messages that must never be forgotten: nothing in them that could not be changed on the way tells their age, so
 * they could come again at any time. Each takes 16 bytes, a keyed hash of its name; they are spread over 4,096 records by
 * the first bits of the hash. Who reads the store without its key learns of no message whether it was here.
 */
export class NeverForgotten {
  readonly #store: Store;
  #key: Promise<Uint8Array> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async has(id: string): Promise<boolean> {
    const name = await this.#nameOf(id);
    const names = await this.#store.get(pathOf(name));
    return names !== undefined && contains(names, name);
  }

  /** The record that holds a name: whoever changes it in a shared store needs a lock of this name. */
  async shardOf(id: string): Promise<string> {
    return pathOf(await this.#nameOf(id)).join(' ');
  }

  /** The change that adds a name, to be written together with what came of the message. */
  async change(id: string): Promise<StoreChange> {
    const name = await this.#nameOf(id);
    const key = pathOf(name);
    const names = (await this.#store.get(key)) ?? new Uint8Array();
    return { type: 'set', key, value: contains(names, name) ? names : concatBytes(names, name) };
  }

  async #nameOf(id: string): Promise<Uint8Array> {
    this.#key ??= this.#readKey().catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    return hmacSha256(await this.#key, utf8Encode(id)).slice(0, NAME_LENGTH);
  }

  async #readKey(): Promise<Uint8Array> {
    const fresh = randomBytes(KEY_LENGTH);
    // Of two tabs at once, one makes it.
    if (await this.#store.compareAndSet(KEY, undefined, fresh)) return fresh;
    return (await this.#store.get(KEY)) ?? fresh;
  }
}

/** The first 12 bits choose the record. */
function pathOf([first = 0, second = 0]: Uint8Array): StoreKey {
  return [AREA, (first * 16 + (second >> 4)).toString(16).padStart(3, '0')];
}

function contains(names: Uint8Array, name: Uint8Array): boolean {
  for (let at = 0; at + NAME_LENGTH <= names.length; at += NAME_LENGTH) {
    if (name.every((byte, index) => names[at + index] === byte)) return true;
  }
  return false;
}
