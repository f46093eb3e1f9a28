import { keyRegistry } from '@dimp/crypto';
import { standardAddresses } from '@dimp/extensions/addresses';
import { ecc } from '@dimp/extensions/ecc';
import { ed25519 } from '@dimp/extensions/ed25519';
import { standardMetas } from '@dimp/extensions/metas';
import { rsa } from '@dimp/extensions/rsa';
import { addressRegistry, metaRegistry } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';

const addresses = addressRegistry(...standardAddresses);
const keys = keyRegistry(rsa, ecc, ed25519);
const metas = metaRegistry({ keys, addresses }, ...standardMetas);
const point = '11'.repeat(32);
const eccKey = ecc.parsePrivate({ algorithm: 'ECC', data: point });
const badKey = expect.objectContaining({ code: 'crypto/key' });

describe('meta types', () => {
  test.each([
    ['1', ['MKM', 'mkm']],
    ['2', ['BTC', 'btc']],
    ['4', ['ETH', 'eth']],
  ])('type %s is known by its words as well', async (type, words) => {
    const seed = type === '1' ? { seed: 'alice' } : {};
    const { wire } = await metas.generate({ type, signer: eccKey, ...seed });
    for (const word of [...words, Number(type)]) {
      expect(metas.parse({ ...wire, type: word }).type).toBe(type);
    }
  });

  test.each(['3', '5', 'ExBTC', 'ExETH', 'toString'])('type %s is unsupported', async (type) => {
    const { wire } = await metas.generate({ signer: eccKey, seed: 'alice' });
    expect(() => metas.parse({ ...wire, type })).toThrow(
      expect.objectContaining({ code: 'unsupported/meta' }),
    );
  });

  test('type 1 makes a named ID of every kind of key', async () => {
    for (const signer of [eccKey, await ed25519.generate(), await rsa.generate({ bits: 1024 })]) {
      const meta = await metas.generate({ signer, seed: 'alice' });
      for (const network of [0, 1, 0x88]) {
        const id = metas.makeID(meta, network);
        expect(id.text).toMatch(/^alice@[1-9A-Za-z]{26,35}$/);
        await metas.check(metas.parse(meta.wire), id);
      }
    }
  });

  test('types 2 and 4 make the published addresses of a key', async () => {
    const two = await metas.generate({ type: '2', signer: eccKey });
    expect(metas.makeID(two, 0).text).toBe('1MsHWS1BnwMc3tLE8G35UXsS58fKipzB7a');
    expect(metas.makeID(two, 1).text).toBe('mCtVYJUW7pUsKUK9gNPxf9DhdvGVSNkRf');
    const four = await metas.generate({ type: '4', signer: eccKey });
    expect(metas.makeID(four, 0).text).toBe('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A');
    expect(() => metas.makeID(four, 1)).toThrow(RangeError);
  });

  test('RSA keys make no address of type 2 or 4: peers encode them differently', async () => {
    const signer = await rsa.generate({ bits: 1024 });
    for (const type of ['2', '4']) {
      const meta = await metas.generate({ type, signer });
      expect(() => metas.makeID(meta, 0)).toThrow(badKey);
      expect(
        metas.matchesID(meta, metas.makeID(await metas.generate({ type, signer: eccKey }), 0)),
      ).toBe(false);
    }
  });

  test('a compressed ECC key makes no ETH address', async () => {
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: point, compressed: true });
    const meta = await metas.generate({ type: '4', signer });
    expect(() => metas.makeID(meta, 0)).toThrow(badKey);
  });
});
