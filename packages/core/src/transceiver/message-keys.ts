import {
  type DecryptKey,
  decryptWith,
  type EncryptKey,
  encryptWith,
  keyWire,
  type SymmetricKey,
} from '@dimp/crypto';
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

/** Capacity of the cache of unwrapped keys. */
const UNWRAPPED_KEYS = 4096;

/** A received message key. */
export interface UnwrappedKey {
  readonly key: SymmetricKey;
  /** The sender's name in the key object; absent in those of other programs. The caller has to compare it. */
  readonly from?: string;
  /** Name of the private key that unwrapped it; see `KeyClaim`. */
  readonly unwrappedBy: string;
}

/** A message key as it is sent. */
interface WrappedKey {
  readonly sender: EntityKey;
  readonly text: string;
}

/**
 * Wraps message keys for receivers and unwraps received ones. Each key is wrapped and unwrapped once per receiver, so the private
 * key operation is needed per key and not per message.
 */
export class MessageKeys {
  readonly #protocol: Protocol;
  readonly #wrapped = new WeakMap<SymmetricKey, WeakMap<EncryptKey, WrappedKey>>();
  readonly #unwrapped = new LruMap<string, UnwrappedKey>(UNWRAPPED_KEYS);

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /**
   * Encrypts a message key for a receiver. It names its sender if there is room, so that an attacker cannot present the wrapped
   * key as their own (spec §14.2 #20).
   *
   * @returns Base64
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
      await encryptWith(receiver, this.#plaintext(key, receiver, dialect, sender)),
    );
    const wrapped = { sender: sender.entity, text };
    if (known === undefined) this.#wrapped.set(key, new WeakMap([[receiver, wrapped]]));
    else known.set(receiver, wrapped);
    return text;
  }

  /**
   * Unwraps a received message key with the keys of a local user.
   *
   * @returns undefined if any step from RSA to the key object fails (spec §14.2 #21)
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

  /** Drops a part of the unwrapped keys, half by default. They are unwrapped again when needed. */
  reduceMemory(part?: Reduction): void {
    this.#unwrapped.reduce(part);
  }

  /** Whether the sender fits: an RSA block of 1,024 bits has no room for it beside an IV (spec §2.4). */
  #plaintext(key: SymmetricKey, receiver: EncryptKey, dialect: Dialect, sender: ID): Uint8Array {
    const wire = keyWire(key);
    const named = writeKey({ ...wire, from: senderName(sender) }, dialect);
    return named.length <= receiver.maxPlaintext ? named : writeKey(wire, dialect);
  }

  async #open(wrapped: Uint8Array, privateKey: DecryptKey): Promise<UnwrappedKey | undefined> {
    try {
      const wire = normalizeWire('key', parseJsonObject(await decryptWith(privateKey, wrapped)));
      const key = this.#protocol.keys.parseSymmetric(wire);
      if (!this.#protocol.keys.allowsMessageKey(key.algorithm)) return undefined;
      const from = ownMember(wire, 'from') ?? undefined;
      // A value of another form names no sender.
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
