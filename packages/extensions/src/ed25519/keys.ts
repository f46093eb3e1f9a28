import type { ExportableKey, KeyWire, Signer, VerifyKey } from '@dimp/crypto';
import { encodeTed, type MaybePromise, randomBytes } from '@dimp/foundation';
import { ed25519 } from '@noble/curves/ed25519.js';
import { native } from '#native/ed25519';
import type { Verifier } from '../native/verifier.ts';
import { keyBytes } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';

/** A public Ed25519 key; `material` and `addressData` are its 32 bytes. It cannot encrypt. */
export interface Ed25519PublicKey extends VerifyKey<'Ed25519'> {
  readonly addressData: Uint8Array;
}

/** A private Ed25519 key in memory. A remote one implements `Signer<'Ed25519'>` instead. */
export interface Ed25519PrivateKey extends Signer<'Ed25519'>, ExportableKey<'Ed25519'> {
  readonly publicKey: Ed25519PublicKey;
}

/** Length of a seed and of a point in bytes. */
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

class PublicEd25519 implements Ed25519PublicKey {
  readonly algorithm = 'Ed25519' as const;
  readonly material: Uint8Array;
  readonly addressData: Uint8Array;
  readonly #verifier: Verifier;
  readonly #wire: KeyWire<'Ed25519'>;

  constructor(point: Uint8Array, wire?: KeyWire) {
    this.material = point;
    this.addressData = point;
    this.#verifier = native.verifier(point);
    this.#wire = (wire as KeyWire<'Ed25519'> | undefined) ?? spell(point);
  }

  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> {
    if (signature.length !== SIGNATURE_LENGTH) return false;
    try {
      return this.#verifier.verify(data, signature);
    } catch {
      return false;
    }
  }

  verifyAside(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> {
    if (signature.length !== SIGNATURE_LENGTH) return false;
    return this.#verifier.aside?.(data, signature) ?? this.verify(data, signature);
  }

  toWire(): KeyWire<'Ed25519'> {
    return this.#wire;
  }
}

class PrivateEd25519 implements Ed25519PrivateKey {
  readonly algorithm = 'Ed25519' as const;
  readonly publicKey: Ed25519PublicKey;
  readonly #sign: ReturnType<typeof native.signer>;
  readonly #wire: KeyWire<'Ed25519'>;

  constructor(seed: Uint8Array, wire?: KeyWire) {
    this.publicKey = new PublicEd25519(native.publicKey(seed));
    this.#sign = native.signer(seed);
    this.#wire = (wire as KeyWire<'Ed25519'> | undefined) ?? spell(seed);
  }

  sign(data: Uint8Array): MaybePromise<Uint8Array> {
    return this.#sign(data);
  }

  toWire(): KeyWire<'Ed25519'> {
    return this.#wire;
  }
}

/** Generates a private key. */
export function generatePrivateKey(): Ed25519PrivateKey {
  return new PrivateEd25519(randomBytes(KEY_LENGTH));
}

/** Reads a private key: `data` is the seed of 32 bytes (RFC 8032 §5.1.5). */
export function parsePrivateKey(wire: KeyWire): Ed25519PrivateKey {
  return new PrivateEd25519(read(wire), wire);
}

/**
 * Reads a public key: `data` is the encoded point of 32 bytes (RFC 8032 §5.1.2).
 *
 * @throws `crypto/key` for a point that is not canonical, not on the curve or of small order: with such a key, one signature would
 *   be valid for many messages
 */
export function parsePublicKey(wire: KeyWire): Ed25519PublicKey {
  const bytes = read(wire);
  if (!isUsablePoint(bytes)) throw keyError('must be a usable point on the curve');
  return new PublicEd25519(bytes, wire);
}

function isUsablePoint(bytes: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(bytes).isSmallOrder();
  } catch {
    return false;
  }
}

function read(wire: KeyWire): Uint8Array {
  const bytes = keyBytes(wire);
  if (bytes.length !== KEY_LENGTH) throw keyError('has the wrong length');
  return bytes;
}

function spell(bytes: Uint8Array): KeyWire<'Ed25519'> {
  return { algorithm: 'Ed25519', data: encodeTed(bytes) };
}
