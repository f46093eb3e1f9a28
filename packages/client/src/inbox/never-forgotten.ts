import type { StoreChange, StoreKey } from '@dimp/core';
import { hmacSha256 } from '@dimp/crypto/digests';
import { concatBytes, randomBytes, utf8Encode } from '@dimp/foundation';
import type { Records } from './batched-store.ts';

const AREA = 'never-forgotten';
const KEY: StoreKey = ['device-key'];
/** Length of the device key in bytes. */
const KEY_LENGTH = 32;
/** Length of a hashed name in bytes. */
const NAME_LENGTH = 16;

/**
 * Names of messages that must never be forgotten. Their age cannot be trusted, so they could be replayed at any time.
 * Each takes 16 bytes, a keyed hash of its name, in one of 4,096 records chosen by the first bits of the hash. Without
 * the device key, the store does not show which messages were received.
 */
export class NeverForgotten {
  readonly #store: Records;
  #key: Promise<Uint8Array> | undefined;

  constructor(store: Records) {
    this.#store = store;
  }

  async has(id: string): Promise<boolean> {
    const name = await this.#nameOf(id);
    const names = await this.#store.get(pathOf(name));
    return names !== undefined && contains(names, name);
  }

  /** Returns the change that adds a name, to be written together with the message. */
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
    // Of two tabs at once, only one creates the key.
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
