import type { StoreKey } from '@dimp/core';
import { concatBytes, encodeBase64, LruMap, utf8Encode } from '@dimp/foundation';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** Bytes of a hidden part; 128 bits make collisions negligible. */
const PART_BYTES = 16;

/**
 * Replaces each part of a path by the HMAC-SHA-256 of the path up to it, which only the owner of the key can compute.
 * Records below one path stay below one path, so they can be listed, but their names are hidden.
 */
export class HiddenPaths {
  readonly #key: Uint8Array;
  readonly #start: Uint8Array;
  readonly #known = new LruMap<string, Hidden>(4096);

  constructor(key: Uint8Array) {
    this.#key = key;
    this.#start = new Uint8Array(32);
  }

  hide(key: StoreKey): StoreKey {
    return this.#hide(key).parts;
  }

  /** Hides the name of a lock. */
  hideName(name: string): string {
    return textOf(hmac(sha256, this.#key, utf8Encode(`lock ${name}`)));
  }

  #hide(key: StoreKey): Hidden {
    const last = key.at(-1);
    if (last === undefined) return { parts: [], chain: this.#start };
    const name = key.join('\u0000');
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const before = this.#hide(key.slice(0, -1));
    const chain = hmac(sha256, this.#key, concatBytes(before.chain, utf8Encode(last)));
    const hidden = { parts: [...before.parts, textOf(chain)], chain };
    this.#known.set(name, hidden);
    return hidden;
  }
}

interface Hidden {
  readonly parts: StoreKey;
  readonly chain: Uint8Array;
}

function textOf(digest: Uint8Array): string {
  return encodeBase64(digest.subarray(0, PART_BYTES));
}
