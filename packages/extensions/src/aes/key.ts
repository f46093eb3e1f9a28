import type { KeyWire, Sealed, SymmetricKey } from '@dimp/crypto';
import {
  decodeTed,
  encodeTed,
  equalBytes,
  fieldError,
  type Json,
  type JsonObject,
  type MaybePromise,
  ownMember,
  ProtocolError,
  randomBytes,
} from '@dimp/foundation';
import { native } from '#native/aes';
import { BLOCK_LENGTH, unpad } from '../padding/aes-pkcs7.ts';
import { keyBytes } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';

/** A key for AES-CBC with PKCS#7 (spec §2.1). */
export type AesKey = SymmetricKey<'AES'>;

/** Members of a key that must not leave the process (spec §2.1). */
const LOCAL_MEMBERS: readonly string[] = ['digest', 'reused'];

class Aes implements AesKey {
  readonly algorithm = 'AES' as const;
  readonly #secret: Uint8Array;
  readonly #cipher: ReturnType<typeof native>;
  readonly #wire: KeyWire<'AES'>;

  constructor(secret: Uint8Array, wire: KeyWire) {
    this.#secret = secret;
    this.#cipher = native(secret);
    this.#wire = wire as KeyWire<'AES'>;
  }

  encrypt(plaintext: Uint8Array, extra: JsonObject = {}): MaybePromise<Sealed> {
    const iv = this.#givenIv(extra) ?? randomBytes(BLOCK_LENGTH);
    if (iv.length !== BLOCK_LENGTH) throw fieldError('IV', 'has the wrong length');
    const seal = (ciphertext: Uint8Array): Sealed => ({
      ciphertext,
      extra: { IV: encodeTed(iv) },
    });
    const ciphertext = this.#cipher.encrypt(plaintext, iv);
    return ciphertext instanceof Promise ? ciphertext.then(seal) : seal(ciphertext);
  }

  decrypt(ciphertext: Uint8Array, extra: JsonObject = {}): MaybePromise<Uint8Array> {
    try {
      const iv = this.ivFor(extra);
      const { length } = ciphertext;
      if (iv.length !== BLOCK_LENGTH || length === 0 || length % BLOCK_LENGTH !== 0) {
        throw refusal();
      }
      const blocks = this.#cipher.decryptBlocks(ciphertext, iv);
      return blocks instanceof Promise ? blocks.then(strip).catch(refuse) : strip(blocks);
    } catch {
      return refuse();
    }
  }

  /** Returns the IV; sixteen zero bytes if there is none, as 0.8 peers do. */
  ivFor(extra: JsonObject): Uint8Array {
    return this.#givenIv(extra) ?? new Uint8Array(BLOCK_LENGTH);
  }

  equals(other: SymmetricKey): boolean {
    if (other.algorithm !== 'AES') return false;
    // A key of another copy of this package has different private fields but the same JSON.
    const secret = #secret in other ? other.#secret : keyBytes(other.toWire());
    return equalBytes(this.#secret, secret);
  }

  toWire(): KeyWire<'AES'> {
    return this.#wire;
  }

  /** Finds the IV in the order of spec §2.1. An empty one counts as absent. */
  #givenIv(extra: JsonObject): Uint8Array | undefined {
    const found = [
      ownMember(extra, 'IV'),
      ownMember(extra, 'iv'),
      ownMember(this.#wire, 'iv'),
      ownMember(this.#wire, 'IV'),
    ].find(isGiven);
    return decodeTed(found);
  }
}

/** Options for a new AES key. */
export interface AesOptions {
  /** Length of the key in bits, 256 by default. */
  readonly bits?: 128 | 192 | 256;
  /**
   * Whether to put a random IV into the key, where 0.8 peers look for it (spec §2.1). Such a key must encrypt one message only,
   * unless each message has an IV of its own.
   */
  readonly iv?: boolean;
}

/** Generates a key. */
export function generateKey({ bits = 256, iv = false }: AesOptions = {}): AesKey {
  if (![128, 192, 256].includes(bits)) throw new RangeError('bits must be 128, 192 or 256');
  const secret = randomBytes(bits / 8);
  return new Aes(secret, {
    algorithm: 'AES',
    data: encodeTed(secret),
    ...(iv ? { iv: encodeTed(randomBytes(BLOCK_LENGTH)) } : {}),
  });
}

/** Reads a key and checks its length, before the first use (spec §14.2 #24). */
export function parseKey(wire: KeyWire): AesKey {
  const secret = keyBytes(wire);
  if (![16, 24, 32].includes(secret.length)) throw keyError('has the wrong length');
  const members = Object.entries(wire).filter(([name]) => !LOCAL_MEMBERS.includes(name));
  return new Aes(secret, { ...Object.fromEntries(members), algorithm: wire.algorithm });
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

function strip(blocks: Uint8Array): Uint8Array {
  const plaintext = unpad(blocks);
  if (plaintext === undefined) throw refusal();
  return plaintext;
}

/** Creates the same error for every cause (spec §14.2 #21). */
function refusal(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'ciphertext cannot be decrypted');
}

function refuse(): never {
  throw refusal();
}
