import type { DecryptKey, EncryptKey, SymmetricKey } from '@dimp/crypto';
import {
  encodeBase64,
  type JsonObject,
  LruMap,
  ownMember,
  parseJsonObject,
  type Reduction,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { LocalIdentity } from '../barrack/archive.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { normalizeWire } from '../dialects/incoming.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { isUnreadable } from './decrypt-error.ts';
import { pairFingerprint, senderName } from './key-names.ts';

/** Unwrapped keys that are remembered. */
const UNWRAPPED_KEYS = 4096;

/** A message key as it came. */
export interface UnwrappedKey {
  readonly key: SymmetricKey;
  /** How the key object names its sender; absent in those of other programs. Whoever uses the key has to compare it. */
  readonly from?: string;
  /** Name of the private key that opened it, see `KeyClaim`. */
  readonly unwrappedBy: string;
}

/** A message key as it is sent. */
interface WrappedKey {
  readonly sender: EntityKey;
  readonly text: string;
}

/**
 * Encrypts message keys for receivers and opens received ones. Each key is wrapped once for a receiver and opened once
 * on his side, so that the private key operation is paid by key and not by message.
 */
export class MessageKeys {
  readonly #protocol: Protocol;
  readonly #wrapped = new WeakMap<SymmetricKey, WeakMap<EncryptKey, WrappedKey>>();
  readonly #unwrapped = new LruMap<string, UnwrappedKey>(UNWRAPPED_KEYS);

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /**
   * A message key encrypted for a receiver, in Base64. It names its sender where there is room, so that nobody can pass
   * the wrapped key on as his own (spec §14.2 #20).
   */
  async wrap(
    key: SymmetricKey,
    receiver: EncryptKey,
    dialect: Dialect,
    sender: ID,
  ): Promise<string> {
    const known = this.#wrapped.get(key);
    const found = known?.get(receiver);
    if (found !== undefined && found.sender === sender.entity) return found.text;
    const text = encodeBase64(
      await receiver.encrypt(this.#plaintext(key, receiver, dialect, sender)),
    );
    const wrapped = { sender: sender.entity, text };
    if (known === undefined) this.#wrapped.set(key, new WeakMap([[receiver, wrapped]]));
    else known.set(receiver, wrapped);
    return text;
  }

  /**
   * Opens a received message key with the keys of a local user.
   *
   * @returns undefined for one that does not open, no matter which of the steps from RSA to the key object fails
   *   (spec §14.2 #21)
   */
  async unwrap(wrapped: Uint8Array, local: LocalIdentity): Promise<UnwrappedKey | undefined> {
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

  /** One RSA block of 1024 bits has no room for the sender beside an IV (spec §2.4). */
  #plaintext(key: SymmetricKey, receiver: EncryptKey, dialect: Dialect, sender: ID): Uint8Array {
    const wire = key.toWire();
    const named = writeKey({ ...wire, from: senderName(sender) }, dialect);
    return named.length <= receiver.maxPlaintext ? named : writeKey(wire, dialect);
  }

  async #open(wrapped: Uint8Array, privateKey: DecryptKey): Promise<UnwrappedKey | undefined> {
    try {
      const wire = normalizeWire('key', parseJsonObject(await privateKey.decrypt(wrapped)));
      const key = this.#protocol.keys.parseSymmetric(wire);
      if (!this.#protocol.keys.allowsMessageKey(key.algorithm)) return undefined;
      const from = ownMember(wire, 'from') ?? undefined;
      // Something else under this name is no name of anybody.
      const named = from === undefined ? {} : { from: typeof from === 'string' ? from : '' };
      return { key, ...named, unwrappedBy: pairFingerprint(privateKey) };
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}

function writeKey(wire: JsonObject, dialect: Dialect): Uint8Array {
  return utf8Encode(stringifyJson(dialect.outgoing('key', wire)));
}
