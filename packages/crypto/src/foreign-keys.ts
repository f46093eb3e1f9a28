import {
  askForeign,
  callForeign,
  type ForeignFailure,
  isJsonObject,
  isThenable,
  type JsonObject,
  type MaybePromise,
  ProtocolError,
} from '@dimp/foundation';
import type { DecryptKey, EncryptKey, KeyWire, Sealed, Signer, SymmetricKey } from './key.ts';

// Keys are plug-ins, and peers choose which of them are used: a call that fails, or answers with something else than it
// should, must fail one message and nothing more.

/**
 * Signs with a key of any algorithm.
 *
 * @throws `crypto/unavailable` for whatever the key throws: a token may have been unplugged
 */
export function signWith(signer: Signer, data: Uint8Array): MaybePromise<Uint8Array> {
  return ask(SIGNING, readBytes, () => signer.sign(data));
}

/**
 * Encrypts a short text for the owner of a public key.
 *
 * @throws `crypto/key` for whatever the key throws
 */
export function encryptWith(key: EncryptKey, plaintext: Uint8Array): MaybePromise<Uint8Array> {
  return ask(ENCRYPTING, readBytes, () => key.encrypt(plaintext));
}

/**
 * Decrypts a short text with a private key.
 *
 * @throws `crypto/decrypt` for whatever the key throws, except a `ProtocolError` outside of the area `store`
 */
export function decryptWith(key: DecryptKey, ciphertext: Uint8Array): MaybePromise<Uint8Array> {
  return ask(DECRYPTING, readBytes, () => key.decrypt(ciphertext));
}

/**
 * Encrypts a content with a symmetric key; the parameters are those of {@link SymmetricKey.encrypt}.
 *
 * @throws `crypto/key` for whatever the key throws
 */
export function sealWith(
  key: SymmetricKey,
  plaintext: Uint8Array,
  extra?: JsonObject,
  associated?: Uint8Array,
): MaybePromise<Sealed> {
  return ask(SEALING, readSealed, () => key.encrypt(plaintext, extra, associated));
}

/**
 * Decrypts a content with a symmetric key; the parameters are those of {@link SymmetricKey.decrypt}.
 *
 * @throws `crypto/decrypt` for whatever the key throws, except a `ProtocolError` outside of the area `store`
 */
export function openWith(
  key: SymmetricKey,
  ciphertext: Uint8Array,
  extra?: JsonObject,
  associated?: Uint8Array,
): MaybePromise<Uint8Array> {
  return ask(DECRYPTING, readBytes, () => key.decrypt(ciphertext, extra, associated));
}

/**
 * The IV that a symmetric key takes from the object which carries the ciphertext.
 *
 * @returns undefined for algorithms without {@link SymmetricKey.ivFor}
 * @throws `format/` codes for an IV that cannot be read, `crypto/decrypt` for anything else that the key throws
 */
export function ivFor(key: SymmetricKey, extra: JsonObject): Uint8Array | undefined {
  if (key.ivFor === undefined) return undefined;
  return expected(DECRYPTING, readBytes(callForeign(DECRYPTING, () => key.ivFor?.(extra))));
}

/**
 * A key as JSON.
 *
 * @throws `crypto/key` for whatever the key throws
 */
export function keyWire<W extends KeyWire>(key: { toWire(): W }): W {
  const wire: unknown = callForeign(WRITING, () => key.toWire());
  return expected(WRITING, isJsonObject(wire) ? (wire as W) : undefined);
}

const SIGNING: ForeignFailure = {
  code: 'crypto/unavailable',
  message: 'the key of the sender cannot sign',
};
const ENCRYPTING: ForeignFailure = {
  code: 'crypto/key',
  message: 'the key of the receiver cannot encrypt',
};
const SEALING: ForeignFailure = { code: 'crypto/key', message: 'the message key cannot encrypt' };
const DECRYPTING: ForeignFailure = {
  code: 'crypto/decrypt',
  message: 'message cannot be decrypted',
};
const WRITING: ForeignFailure = { code: 'crypto/key', message: 'key cannot be written as JSON' };

/** Asks a key, and reads its answer: what either throws becomes the failure. */
function ask<T>(
  failure: ForeignFailure,
  read: (answer: unknown) => T | undefined,
  run: () => unknown,
): MaybePromise<T> {
  return askForeign(failure, () => {
    const answer = run();
    return isThenable(answer)
      ? Promise.resolve(answer).then((later) => expected(failure, read(later)))
      : expected(failure, read(answer));
  });
}

/** By what it is and not by its class: memory of another realm counts as well. */
function readBytes(answer: unknown): Uint8Array | undefined {
  const isBytes = ArrayBuffer.isView(answer) && Object.prototype.toString.call(answer) === BYTES;
  return isBytes ? (answer as Uint8Array) : undefined;
}

const BYTES = '[object Uint8Array]';

function readSealed(answer: unknown): Sealed | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { ciphertext, extra } = answer as Partial<Sealed>;
  const bytes = readBytes(ciphertext);
  if (bytes === undefined || !isJsonObject(extra)) return undefined;
  return { ciphertext: bytes, extra };
}

function expected<T>({ code, message }: ForeignFailure, answer: T | undefined): T {
  if (answer === undefined) throw new ProtocolError(code, message);
  return answer;
}
