import { concatBytes, encodeHex, utf8Encode } from '@dimp/foundation';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { native as platform, running as runningPlatform } from '#native/sha256';
import {
  hmacSha256,
  keccak256,
  md5,
  type RunningDigest,
  ripemd160,
  runningMd5,
  runningSha256,
  sha1,
  sha256,
} from '../src/digests.ts';
import { native as portable, running as runningPortable } from '../src/native/sha256.default.ts';

test.each([
  ['sha256', sha256, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['ripemd160', ripemd160, '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
  ['keccak256', keccak256, '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'],
  ['md5', md5, '900150983cd24fb0d6963f7d28e17f72'],
  ['sha1', sha1, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
] as const)('%s of "abc" is the published value', (_name, digest, hex) => {
  expect(encodeHex(digest(utf8Encode('abc')))).toBe(hex);
});

test('both implementations of SHA-256 agree, and leave their input alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const before = Uint8Array.from(bytes);
      expect(portable(bytes)).toEqual(platform(bytes));
      expect(bytes).toEqual(before);
    }),
  );
});

test('a digest owns its memory', () => {
  expect(sha256(new Uint8Array()).buffer.byteLength).toBe(32);
});

test.each<readonly [string, () => RunningDigest, (bytes: Uint8Array) => Uint8Array]>([
  ['SHA-256', runningSha256, sha256],
  ['SHA-256 of the platform', runningPlatform, sha256],
  ['portable SHA-256', runningPortable, sha256],
  ['MD5', runningMd5, md5],
])('%s is the same however the bytes are cut', (_name, start, whole) => {
  const piece = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const digest = start();
      for (const each of pieces) digest.update(each);
      expect(digest.digest()).toEqual(whole(concatBytes(...pieces)));
    }),
  );
});

test.each([
  // RFC 4231, cases 1, 2 and 6: a short key, one of a few letters, one longer than a block.
  [
    new Uint8Array(20).fill(0x0b),
    'Hi There',
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    utf8Encode('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('HMAC-SHA-256 is that of RFC 4231', (key, words, expected) => {
  expect(encodeHex(hmacSha256(key, utf8Encode(words)))).toBe(expected);
});
