import type { KeyWire, SymmetricKey } from '@dimp/crypto';
import {
  decodeBase64,
  encodeBase64,
  encodeHex,
  equalBytes,
  isProtocolError,
  type JsonObject,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native as platform } from '#native/aes';
import { aes } from '../src/aes.ts';
import { native as portable } from '../src/native/aes.default.ts';
import { unpad } from '../src/padding/aes-pkcs7.ts';
import { plain } from '../src/plain.ts';

const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const wire: KeyWire = { algorithm: 'AES', data: encodeBase64(secret) };
const plaintext = utf8Encode('{"type": 1, "sn": 12345}');
const ivs = [1, 2, 3, 4].map((fill) => encodeBase64(new Uint8Array(16).fill(fill)));
const zeroIv = encodeBase64(new Uint8Array(16));

async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
  return undefined;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('keys', () => {
  test('have 32 bytes unless told', async () => {
    for (const [options, length] of [
      [{}, 32],
      [{ bits: 128 }, 16],
      [{ bits: 192 }, 24],
    ] as const) {
      const key = await aes.generate(options);
      expect(decodeBase64(key.toWire()['data'] as string)).toHaveLength(length);
      expect(Object.keys(key.toWire())).toEqual(['algorithm', 'data']);
    }
    expect(() => aes.generate({ bits: 64 as 128 })).toThrow(RangeError);
  });

  test('are read in every form of encoded data', () => {
    const key = aes.parse(wire);
    for (const data of [
      `hex,${encodeHex(secret)}`,
      `base64,${wire['data'] as string}`,
      { algorithm: 'hex', data: encodeHex(secret) },
      JSON.stringify({ algorithm: 'hex', data: encodeHex(secret) }),
    ]) {
      const again = aes.parse({ algorithm: 'AES', data });
      expect(again.equals(key)).toBe(true);
      expect(again.toWire()['data']).toEqual(data);
    }
  });

  test('of other lengths are crypto/key, without data format/field', async () => {
    for (const length of [1, 8, 15, 17, 31, 33, 64]) {
      const data = encodeBase64(new Uint8Array(length));
      expect(await codeOf(() => aes.parse({ algorithm: 'AES', data }))).toBe('crypto/key');
    }
    for (const data of [undefined, null, '', 7]) {
      expect(await codeOf(() => aes.parse({ algorithm: 'AES', data }))).toBe('format/field');
    }
  });

  test('leave the bookkeeping of peers at home and keep all other members', () => {
    const key = aes.parse({ ...wire, digest: 'tP/LI3N8', reused: true, mode: 'CBC', x: [1] });
    expect(key.toWire()).toEqual({ ...wire, mode: 'CBC', x: [1] });
  });

  test('are equal by secret, also to a key of another copy of the package', () => {
    const key = aes.parse(wire);
    const foreign = { ...key, algorithm: 'AES' as const, toWire: () => wire } as typeof key;
    expect(key.equals(aes.parse({ ...wire, iv: zeroIv }))).toBe(true);
    expect(key.equals(foreign)).toBe(true);
    const other = aes.parse({ ...wire, data: encodeBase64(new Uint8Array(32)) });
    expect(key.equals(other)).toBe(false);
    expect(key.equals(aes.parse({ ...wire, data: encodeBase64(secret.subarray(0, 16)) }))).toBe(
      false,
    );
    const identity: SymmetricKey = plain.parse({ algorithm: 'PLAIN' });
    expect(key.equals(identity)).toBe(false);
  });
});

describe('the IV', () => {
  test('is fresh and told, unless there is one', async () => {
    const key = aes.parse(wire);
    const [one, two] = [await key.encrypt(plaintext), await key.encrypt(plaintext)];
    expect(one.extra['IV']).not.toBe(two.extra['IV']);
    expect(decodeBase64(one.extra['IV'] as string)).toHaveLength(16);
    expect(await key.decrypt(one.ciphertext, one.extra)).toEqual(plaintext);
  });

  test('is looked up in extra.IV, extra.iv, key.iv, key.IV, and is zero at last', async () => {
    const places: [JsonObject, JsonObject, string][] = [
      [{ IV: ivs[0], iv: ivs[1] }, { iv: ivs[2], IV: ivs[3] }, ivs[0] as string],
      [{ iv: ivs[1] }, { iv: ivs[2], IV: ivs[3] }, ivs[1] as string],
      [{ IV: '', iv: null }, { iv: ivs[2], IV: ivs[3] }, ivs[2] as string],
      [{}, { IV: ivs[3] }, ivs[3] as string],
    ];
    for (const [extra, members, IV] of places) {
      const key = aes.parse({ ...wire, ...members });
      const sealed = await key.encrypt(plaintext, extra);
      expect(sealed.extra).toEqual({ IV });
      expect(await aes.parse(wire).decrypt(sealed.ciphertext, { IV })).toEqual(plaintext);
      expect(await key.decrypt(sealed.ciphertext, extra)).toEqual(plaintext);
    }
    const { ciphertext } = await aes.parse(wire).encrypt(plaintext, { IV: zeroIv });
    expect(await aes.parse(wire).decrypt(ciphertext)).toEqual(plaintext);
  });

  test('stands in the key for 0.8 peers when asked for, and both ways open it', async () => {
    const key = await aes.generate({ iv: true });
    const { ciphertext, extra } = await key.encrypt(plaintext);
    expect(extra['IV']).toBe(key.toWire()['iv']);
    expect(await aes.parse(key.toWire()).decrypt(ciphertext)).toEqual(plaintext);
  });

  test('of wrong length is not used', async () => {
    const key = aes.parse(wire);
    const { ciphertext } = await key.encrypt(plaintext);
    for (const IV of [encodeBase64(new Uint8Array(8)), encodeBase64(new Uint8Array(17)), 5, '%']) {
      expect(await codeOf(() => key.decrypt(ciphertext, { IV }))).toBe('crypto/decrypt');
    }
    const IV = encodeBase64(new Uint8Array(8));
    expect(await codeOf(() => key.encrypt(plaintext, { IV }))).toBe('format/field');
  });
});

describe('padding', () => {
  test('is taken off for each count, and refused when any of its bytes is wrong', () => {
    for (let count = 1; count <= 16; count++) {
      const block = new Uint8Array(32).fill(0xaa);
      block.fill(count, 32 - count);
      expect(unpad(block)).toEqual(new Uint8Array(32 - count).fill(0xaa));
      for (let i = 2; i <= count; i++) {
        const wrong = Uint8Array.from(block);
        wrong[32 - i] = count ^ 0x10;
        expect(unpad(wrong)).toBeUndefined();
      }
    }
  });

  test('of zero or above sixteen is refused', () => {
    for (const count of [0, 17, 32, 127, 128, 255]) {
      expect(unpad(new Uint8Array(32).fill(count))).toBeUndefined();
    }
  });

  test('and every other failure have one message', async () => {
    const key = aes.parse(wire);
    const { ciphertext, extra } = await key.encrypt(plaintext);
    const messages = new Set<string>();
    const attempts: [Uint8Array, JsonObject][] = [
      [ciphertext.subarray(1), extra],
      [new Uint8Array(), extra],
      [ciphertext, { IV: 'AAAA' }],
      [ciphertext, { IV: '%' }],
      [ciphertext.slice(0, 16), extra],
    ];
    for (const [bytes, more] of attempts) {
      try {
        await key.decrypt(bytes, more);
      } catch (error) {
        messages.add(`${String(error)} ${JSON.stringify((error as { details: object }).details)}`);
      }
    }
    expect([...messages]).toEqual(['ProtocolError: ciphertext cannot be decrypted {}']);
  });
});

describe('the portable implementation', () => {
  const lengths = fc.constantFrom(16, 24, 32);

  async function agree(key: Uint8Array, bytes: Uint8Array, iv: Uint8Array): Promise<void> {
    const ciphertext = await platform(key).encrypt(bytes, iv);
    expect(await portable(key).encrypt(bytes, iv)).toEqual(ciphertext);
    const blocks = await platform(key).decryptBlocks(ciphertext, iv);
    expect(await portable(key).decryptBlocks(ciphertext, iv)).toEqual(blocks);
    // Padding stays on, so garbage decrypts as well.
    const garbage = randomBytes(48);
    expect(await portable(key).decryptBlocks(garbage, iv)).toEqual(
      await platform(key).decryptBlocks(garbage, iv),
    );
  }

  test('agrees with the platform', async () => {
    await fc.assert(
      fc.asyncProperty(lengths, fc.uint8Array({ maxLength: 100 }), (length, bytes) =>
        agree(randomBytes(length), bytes, randomBytes(16)),
      ),
      { numRuns: 50 },
    );
  });

  test('agrees where WebCrypto refuses 192 bits, as in Chromium', async () => {
    const refuse = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new Error('192 bits'));
    for (const length of [0, 15, 16, 17, 1000]) {
      await agree(randomBytes(24), randomBytes(length), randomBytes(16));
    }
    expect(refuse).toHaveBeenCalled();
  });

  test('agrees where WebCrypto is hidden', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    for (const length of [16, 24, 32]) {
      await agree(randomBytes(length), randomBytes(length + 1), randomBytes(16));
    }
  });

  test('of a megabyte works without WebCrypto, too', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const large = new Uint8Array(1 << 20).fill(7);
    const [key, iv] = [randomBytes(32), randomBytes(16)];
    const [one, two] = [
      await portable(key).encrypt(large, iv),
      await platform(key).encrypt(large, iv),
    ];
    expect(equalBytes(one, two)).toBe(true);
  });
});
