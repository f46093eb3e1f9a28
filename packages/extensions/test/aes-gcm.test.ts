import type { KeyWire } from '@dimp/crypto';
import {
  concatBytes,
  decodeBase64,
  encodeBase64,
  encodeHex,
  equalBytes,
  isProtocolError,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import { gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native as platform } from '#native/aes-gcm';
import { aesGcm } from '../src/aes-gcm.ts';
import { native as portable } from '../src/native/aes-gcm.default.ts';

const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const wire: KeyWire = { algorithm: 'AES-GCM', data: encodeBase64(secret) };
const plaintext = utf8Encode('{"type":1,"sn":12345,"text":"Grüße"}');
const associated = utf8Encode('dim-aead-1\nalice\nbob');

async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
  return undefined;
}

afterEach(() => vi.unstubAllGlobals());

describe('what a key makes', () => {
  test('is commitment, nonce, ciphertext and tag, and opens with independent code', async () => {
    const { ciphertext, extra } = await aesGcm.parse(wire).encrypt(plaintext, {}, associated);
    expect(extra).toEqual({});
    expect(ciphertext).toHaveLength(16 + 12 + plaintext.length + 16);
    const nonce = ciphertext.subarray(16, 28);
    const commitment = hmac(sha256, secret, concatBytes(utf8Encode('dim-commit-1'), nonce));
    expect(encodeHex(ciphertext.subarray(0, 16))).toBe(encodeHex(commitment.subarray(0, 16)));
    const opened = gcm(secret, nonce, associated).decrypt(ciphertext.subarray(28));
    expect(equalBytes(opened, plaintext)).toBe(true);
  });

  test('has a nonce that the key draws, even if one is given', async () => {
    const key = aesGcm.parse({ ...wire, iv: encodeBase64(new Uint8Array(16)) });
    const nonces = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const given = { IV: encodeBase64(new Uint8Array(12)), nonce: 'AAAA' };
      const { ciphertext } = await key.encrypt(plaintext, given, associated);
      nonces.add(encodeHex(ciphertext.subarray(16, 28)));
    }
    expect(nonces.size).toBe(100);
  });

  test('opens only as it was made: every bit, every length and the associated data count', async () => {
    const key = aesGcm.parse(wire);
    const { ciphertext } = await key.encrypt(plaintext, {}, associated);
    for (let bit = 0; bit < ciphertext.length * 8; bit++) {
      const changed = Uint8Array.from(ciphertext);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await codeOf(() => key.decrypt(changed, {}, associated))).toBe('crypto/decrypt');
    }
    for (let length = 0; length < ciphertext.length; length++) {
      const cut = ciphertext.slice(0, length);
      expect(await codeOf(() => key.decrypt(cut, {}, associated))).toBe('crypto/decrypt');
    }
    for (const other of [undefined, new Uint8Array(), utf8Encode('dim-aead-1\nalice\ncarol')]) {
      expect(await codeOf(() => key.decrypt(ciphertext, {}, other))).toBe('crypto/decrypt');
    }
    expect(await key.decrypt(ciphertext, {}, associated)).toEqual(plaintext);
  });

  test('is bound to its key: what opens under the tag of another one lacks its commitment', async () => {
    const other = randomBytes(32);
    const nonce = randomBytes(12);
    const sealed = gcm(other, nonce, associated).encrypt(plaintext);
    const commitment = hmac(sha256, secret, concatBytes(utf8Encode('dim-commit-1'), nonce));
    const forged = concatBytes(commitment.subarray(0, 16), nonce, sealed);
    for (const data of [secret, other]) {
      const key = aesGcm.parse({ algorithm: 'AES-GCM', data: encodeBase64(data) });
      expect(await codeOf(() => key.decrypt(forged, {}, associated))).toBe('crypto/decrypt');
    }
  });
});

describe('platforms', () => {
  const makers = { platform, portable };
  const names = ['platform', 'portable'] as const;

  test.each(names)('%s opens what the others seal, of any length', async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        async (text, data, nonce) => {
          const sealed = await makers[name](secret).seal(text, nonce, data);
          for (const each of names) {
            const opened = await makers[each](secret).open(sealed, nonce, data);
            expect(equalBytes(opened, text)).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('without WebCrypto take plain code', async () => {
    const nonce = new Uint8Array(12);
    const sealed = await platform(secret).seal(plaintext, nonce, associated);
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    expect(await portable(secret).open(sealed, nonce, associated)).toEqual(plaintext);
    expect(await portable(secret).seal(plaintext, nonce, associated)).toEqual(sealed);
  });

  test('make the same commitment', () => {
    expect(portable(secret).mac(plaintext)).toEqual(platform(secret).mac(plaintext));
  });
});

describe('keys', () => {
  test('have 32 bytes, and other lengths are crypto/key', async () => {
    const key = await aesGcm.generate();
    expect(decodeBase64(String(key.toWire()['data']))).toHaveLength(32);
    for (const length of [1, 16, 24, 31, 33, 64]) {
      const data = encodeBase64(new Uint8Array(length));
      expect(await codeOf(() => aesGcm.parse({ algorithm: 'AES-GCM', data }))).toBe('crypto/key');
    }
    for (const data of [undefined, null, '', 7]) {
      expect(await codeOf(() => aesGcm.parse({ algorithm: 'AES-GCM', data }))).toBe('format/field');
    }
  });

  test('fit into one block of RSA-1024, with the name of a sender', async () => {
    const named = { ...(await aesGcm.generate()).toWire(), from: 'A'.repeat(22) };
    expect(JSON.stringify(named)).toHaveLength(109);
  });
});
