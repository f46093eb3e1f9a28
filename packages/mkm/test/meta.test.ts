import { encodeHex, isProtocolError, type JsonObject } from '@dimp/foundation';
import { metaMadeBy, verifyMeta } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ids, metas, toySigner, without } from './helpers.ts';

const signer = toySigner('alice');
const meta = await metas.generate({ signer, seed: 'alice' });
const id = metas.makeID(meta, 0);
const field = expect.objectContaining({ code: 'format/field' });
const mismatch = expect.objectContaining({ code: 'identity/meta-mismatch' });

describe('a generated meta', () => {
  test('makes an ID that it matches, on any network', async () => {
    for (const network of [0, 1, 8, 0x88]) {
      const made = metas.makeID(meta, network, 'phone');
      expect(made.name).toBe('alice');
      expect(made.address.network).toBe(network);
      await metas.check(metas.parse(meta.wire), ids.parse(made.text));
    }
  });

  test('is the same when read from its wire', () => {
    const read = metas.parse(JSON.parse(JSON.stringify(meta.wire)));
    expect(read.seed).toBe('alice');
    expect(read.fingerprint).toEqual(meta.fingerprint);
    expect(read.type).toBe('1');
  });

  test('needs a good seed, or none, as its type says', async () => {
    await expect(metas.generate({ signer })).rejects.toThrow(TypeError);
    await expect(metas.generate({ type: '4', signer, seed: 'x' })).rejects.toThrow(TypeError);
    await expect(metas.generate({ signer, seed: 'a b' })).rejects.toThrow(field);
    await expect(metas.generate({ type: '9', signer })).rejects.toThrow(
      expect.objectContaining({ code: 'unsupported/meta' }),
    );
  });

  test('without seed makes IDs without name, for users only', async () => {
    const plain = await metas.generate({ type: '4', signer });
    const made = metas.makeID(plain, 0);
    expect(made.name).toBeUndefined();
    await metas.check(plain, made);
    expect(() => metas.makeID(plain, 1)).toThrow(RangeError);
    expect(metas.matchesID(plain, ids.parse('toy:01:01020304'))).toBe(false);
  });
});

describe('metas.check', () => {
  test('refuses the key of an attacker beside seed and fingerprint of the victim', async () => {
    const forged = metas.parse({ ...meta.wire, key: toySigner('eve').toWire() });
    expect(metas.matchesID(forged, id)).toBe(true); // which is why it never counts alone
    expect(await verifyMeta(forged)).toBe(false);
    await expect(metas.check(forged, id)).rejects.toThrow(mismatch);
  });

  test('refuses another name, no name, another address, a broadcast ID', async () => {
    const address = id.address.text;
    for (const text of [`bob@${address}`, address, 'alice@toy:00:00000000', 'alice@anywhere']) {
      await expect(metas.check(meta, ids.parse(text))).rejects.toThrow(mismatch);
    }
  });

  test('refuses another seed', async () => {
    const other = metas.parse({ ...meta.wire, seed: 'mallory' });
    const named = ids.parse(`mallory@${id.address.text}`);
    await expect(metas.check(other, named)).rejects.toThrow(mismatch);
  });
});

describe('metas.parse', () => {
  test('takes type, version, numbers and words', () => {
    const bare = without(meta.wire, 'type');
    for (const type of [
      { type: 1 },
      { type: '1' },
      { version: 1 },
      { type: 'MKM' },
      { type: 1, version: 1 },
      { type: 'mkm', version: '1' },
      { type: null, version: 1 },
    ]) {
      expect(metas.parse({ ...bare, ...type }).type).toBe('1');
    }
  });

  test.each<[string, JsonObject]>([
    ['type and version that differ', { version: 4 }],
    ['no type', { type: null }],
    ['a type that is not text', { type: {} }],
    ['no seed', { seed: null }],
    ['an empty seed', { seed: '' }],
    ['a seed that is not text', { seed: 5 }],
    ['no fingerprint', { fingerprint: null }],
    ['an empty fingerprint', { fingerprint: '' }],
    ['no key', { key: null }],
    ['a key that is not an object', { key: 'abc' }],
    ['a seed in a meta without', { type: '4', fingerprint: null }],
    ['a fingerprint in a meta without', { type: '4', seed: null }],
  ])('refuses %s as format/field', (_, change) => {
    expect(() => metas.parse({ ...meta.wire, ...change })).toThrow(field);
  });

  test('refuses anything but an object', () => {
    for (const wire of [undefined, null, 'x', [meta.wire]]) {
      expect(() => metas.parse(wire)).toThrow(field);
    }
  });

  test('refuses unregistered types and algorithms, and keys that cannot verify', () => {
    const parse = (change: JsonObject) => () => metas.parse({ ...meta.wire, ...change });
    expect(parse({ type: '3' })).toThrow(expect.objectContaining({ code: 'unsupported/meta' }));
    expect(parse({ key: { algorithm: 'DSA' } })).toThrow(
      expect.objectContaining({ code: 'unsupported/algorithm' }),
    );
    expect(parse({ key: { algorithm: 'WRAP' } })).toThrow(
      expect.objectContaining({ code: 'crypto/key' }),
    );
  });

  test('gives a meta or a ProtocolError for any members', () => {
    const names = fc.constantFrom('type', 'version', 'key', 'seed', 'fingerprint');
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 })), (change) => {
        try {
          expect(metas.parse({ ...meta.wire, ...(change as JsonObject) }).type).toMatch(/^[14]$/);
        } catch (error) {
          if (!isProtocolError(error)) throw error;
        }
      }),
    );
  });
});

describe('metaMadeBy', () => {
  test('knows the founder by the key', async () => {
    const group = await metas.generate({ signer, seed: 'Group-1' });
    expect(metaMadeBy(group, signer.publicKey)).toBe(true);
    expect(metaMadeBy(group, toySigner('eve').publicKey)).toBe(false);
    const seedless = await metas.generate({ type: '4', signer });
    expect(metaMadeBy(seedless, signer.publicKey)).toBe(true);
    expect(metaMadeBy(seedless, toySigner('eve').publicKey)).toBe(false);
  });
});

test('verifyMeta refuses half of a seed', async () => {
  const { key, seed, fingerprint } = meta;
  expect(await verifyMeta({ key })).toBe(true);
  expect(await verifyMeta({ key, ...(seed === undefined ? {} : { seed }) })).toBe(false);
  expect(await verifyMeta({ key, fingerprint: fingerprint ?? new Uint8Array() })).toBe(false);
  expect(encodeHex(fingerprint ?? new Uint8Array())).toHaveLength(64);
});
