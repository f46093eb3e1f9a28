import type { DecryptKey, EncryptKey, SymmetricKey } from '@dimp/crypto';
import {
  encodeBase64,
  isProtocolError,
  LruMap,
  ProtocolError,
  parseJsonObject,
  type Reduction,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { LocalIdentity } from '../barrack/archive.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { normalizeWire } from '../dialects/incoming.ts';
import type { Protocol } from '../protocol/protocol.ts';

/** Unwrapped keys that are remembered. */
const UNWRAPPED_KEYS = 4096;

/**
 * Encrypts message keys for receivers and opens received ones. Each key is wrapped once for a receiver and opened once
 * on his side, so that the private key operation is paid by key and not by message.
 */
export class MessageKeys {
  readonly #protocol: Protocol;
  readonly #wrapped = new WeakMap<SymmetricKey, WeakMap<EncryptKey, string>>();
  readonly #unwrapped = new LruMap<string, SymmetricKey>(UNWRAPPED_KEYS);

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** A message key encrypted for a receiver, in Base64. */
  async wrap(key: SymmetricKey, receiver: EncryptKey, dialect: Dialect): Promise<string> {
    const known = this.#wrapped.get(key);
    const found = known?.get(receiver);
    if (found !== undefined) return found;
    const text = stringifyJson(dialect.outgoing('key', key.toWire()));
    const wrapped = encodeBase64(await receiver.encrypt(utf8Encode(text)));
    if (known === undefined) this.#wrapped.set(key, new WeakMap([[receiver, wrapped]]));
    else known.set(receiver, wrapped);
    return wrapped;
  }

  /**
   * Opens a received message key with the keys of a local user.
   *
   * @returns undefined for one that does not open, no matter which of the steps from RSA to the key object fails
   *   (spec §14.2 #21)
   */
  async unwrap(wrapped: Uint8Array, local: LocalIdentity): Promise<SymmetricKey | undefined> {
    const slot = `${local.id.entity}\u0000${encodeBase64(wrapped)}`;
    const known = this.#unwrapped.get(slot);
    if (known !== undefined) return known;
    for (const privateKey of local.decryptKeys) {
      const key = await this.#open(wrapped, privateKey);
      if (key === undefined) continue;
      this.#unwrapped.set(slot, key);
      return key;
    }
    return undefined;
  }

  /** Forgets a part of the opened keys, half by default; they are opened again when needed. */
  reduceMemory(part?: Reduction): void {
    this.#unwrapped.reduce(part);
  }

  async #open(wrapped: Uint8Array, privateKey: DecryptKey): Promise<SymmetricKey | undefined> {
    try {
      const wire = normalizeWire('key', parseJsonObject(await privateKey.decrypt(wrapped)));
      const key = this.#protocol.keys.parseSymmetric(wire);
      return this.#protocol.keys.allowsMessageKey(key.algorithm) ? key : undefined;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}

/** The one error of everything between a verified message and its content. */
export function decryptError(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'message cannot be decrypted');
}

/** Whether an error says that data cannot be read, rather than that a key service or a store is down. */
export function isUnreadable(error: unknown): boolean {
  if (!isProtocolError(error) || error.code === 'crypto/unavailable') return false;
  return /^(format|unsupported|crypto)\//.test(error.code);
}
