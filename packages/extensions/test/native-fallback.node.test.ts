import { createPublicKey } from 'node:crypto';
import { keyRegistry } from '@dimp/crypto';
import { ecc } from '@dimp/extensions/ecc';
import { ed25519 } from '@dimp/extensions/ed25519';
import { utf8Encode } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { native as portableEcc } from '../src/native/ecc.default.ts';
import { native as portableEd25519 } from '../src/native/ed25519.default.ts';
import { verifierOf } from '../src/native/openssl/verifier.node.ts';

const DATA = utf8Encode('signed');

/** As BoringSSL answers for a curve that it does not know. */
function refuse(): never {
  throw new Error('error:0f00007b:elliptic curve routines:OPENSSL_internal:UNKNOWN_GROUP');
}

test.each([
  ['ECC', 'sha256', portableEcc],
  ['Ed25519', null, portableEd25519],
] as const)(
  '%s: a platform that cannot load a key leaves the verdict to portable code',
  async (algorithm, digest, portable) => {
    const key = await keyRegistry(ecc, ed25519).generate(algorithm);
    const signature = await key.sign(DATA);
    const { material } = key.publicKey;
    const verifier = verifierOf(digest, refuse, () => portable.verifier(material));
    expect(await verifier.verify(DATA, signature)).toBe(true);
    expect(await verifier.verify(utf8Encode('forged'), signature)).toBe(false);
    // On one processor there is no other thread.
    if (verifier.aside === undefined) return;
    const fresh = verifierOf(digest, refuse, () => portable.verifier(material));
    expect(await fresh.aside?.(DATA, signature)).toBe(true);
    expect(await fresh.aside?.(utf8Encode('forged'), signature)).toBe(false);
  },
);

test('a platform that loads a key but does not verify with it leaves the verdict to portable code', async () => {
  const key = await keyRegistry(ecc).generate('ECC');
  const signature = await key.sign(DATA);
  // A key that agrees on secrets only: OpenSSL throws.
  const x25519 = Buffer.concat([
    Buffer.from('302a300506032b656e032100', 'hex'),
    Buffer.alloc(32, 9),
  ]);
  const verifier = verifierOf(
    'sha256',
    () => createPublicKey({ key: x25519, format: 'der', type: 'spki' }),
    () => portableEcc.verifier(key.publicKey.material),
  );
  expect(await verifier.verify(DATA, signature)).toBe(true);
  expect(await verifier.verify(utf8Encode('forged'), signature)).toBe(false);
});
