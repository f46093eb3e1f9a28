import { btc, eth, standardAddresses } from '@dimp/extensions/addresses';
import { concatBytes, decodeHex, encodeBase58, encodeHex, isProtocolError } from '@dimp/foundation';
import { addressRegistry, parseID, sameEntity } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const addresses = addressRegistry(...standardAddresses);
const field = expect.objectContaining({ code: 'format/field' });
const badKey = expect.objectContaining({ code: 'crypto/key' });

describe('btc', () => {
  test('reads the published account', () => {
    const address = btc.parse('4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj');
    expect(address).toMatchObject({ family: 'btc', network: 8, broadcast: false });
    expect(address?.number).toBe(2_729_727_604);
    expect(encodeHex(address?.hash ?? new Uint8Array())).toBe(
      'cfc8bde708626a3e0e2663d11115f59874175071',
    );
  });

  test('what is generated is read back, for every network and fingerprint', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.integer({ min: 0, max: 255 }),
        (data, network) => {
          const made = btc.generate(data, network);
          expect(btc.parse(made.text)).toEqual(made);
          expect(made.network).toBe(network);
        },
      ),
    );
  });

  test('one changed character is damage', () => {
    const { text } = btc.generate(Uint8Array.of(1, 2, 3), 0);
    const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(text[at] !== character);
        const typo = text.slice(0, at) + character + text.slice(at + 1);
        expect(() => btc.parse(typo)).toThrow(field);
      }),
    );
  });

  test('a payload of another length is damage', () => {
    for (const length of [20, 24, 26]) {
      const text = encodeBase58(new Uint8Array(length).fill(0xff));
      if (text.length >= 26 && text.length <= 35) expect(() => btc.parse(text)).toThrow(field);
    }
    expect(() => btc.parse(encodeBase58(new Uint8Array(26)))).toThrow(field);
  });

  test('text of another shape is of another family', () => {
    for (const text of ['', 'anywhere', '1'.repeat(25), '1'.repeat(36), `0${'1'.repeat(30)}`]) {
      expect(btc.parse(text)).toBeUndefined();
    }
  });

  test('a network is one byte, a fingerprint not empty', () => {
    for (const network of [-1, 256, 0.5, Number.NaN]) {
      expect(() => btc.generate(Uint8Array.of(1), network)).toThrow(RangeError);
    }
    expect(() => btc.generate(new Uint8Array(), 0)).toThrow(badKey);
  });
});

describe('eth', () => {
  const checked = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

  test('reads the spelling with checksum, all lower and all upper, as one address', () => {
    const digits = checked.slice(2);
    for (const text of [checked, `0x${digits.toLowerCase()}`, `0x${digits.toUpperCase()}`]) {
      const address = eth.parse(text);
      expect(address).toMatchObject({ text, canonical: checked, family: 'eth', network: 0 });
      expect(address?.number).toBe(0xef1beaed);
      expect(sameEntity(parseID(text, addresses), parseID(checked, addresses))).toBe(true);
    }
  });

  test('one letter in the other case is damage', () => {
    for (let at = 2; at < checked.length; at++) {
      const letter = checked.charAt(at);
      const other = /[a-f]/.test(letter) ? letter.toUpperCase() : letter.toLowerCase();
      if (other === letter) continue;
      expect(() => eth.parse(checked.slice(0, at) + other + checked.slice(at + 1))).toThrow(field);
    }
  });

  test('42 characters with 0x that are not hex are damage, anything else belongs to another family', () => {
    expect(() => eth.parse(`0x${'Z'.repeat(40)}`)).toThrow(field);
    expect(() => eth.parse(`0x${'0'.repeat(39)}\n`)).toThrow(field);
    for (const text of [
      '',
      checked.slice(2),
      `${checked}0`,
      checked.slice(0, -1),
      `0X${checked.slice(2)}`,
    ]) {
      expect(eth.parse(text)).toBeUndefined();
    }
  });

  test('is made of a point with or without the byte 04, the same', () => {
    const point = decodeHex(
      '4f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa385b6b1b8ead809ca67454d9683fcf2ba03456d6fe2c4abe2b07f0fbdbb2f1c1',
    );
    const made = eth.generate(point, 0);
    expect(made.text).toBe('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A');
    expect(eth.generate(concatBytes(Uint8Array.of(4), point), 0)).toEqual(made);
    expect(eth.parse(made.text)).toEqual(made);
  });

  test('refuses other keys, and networks other than that of users', () => {
    for (const key of [
      new Uint8Array(33),
      new Uint8Array(65),
      new Uint8Array(162),
      new Uint8Array(),
    ]) {
      expect(() => eth.generate(key, 0)).toThrow(badKey);
    }
    expect(() => eth.generate(new Uint8Array(64), 1)).toThrow(RangeError);
  });
});

test('any text is an address, format/field or unsupported/address', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 50 }),
    fc.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{20,40}$/),
    fc.stringMatching(/^0x[0-9a-fA-F]{40}$/),
  );
  fc.assert(
    fc.property(text, (each) => {
      try {
        expect(addresses.parse(each).text).toBe(each);
      } catch (error) {
        if (
          !isProtocolError(error, 'format/field') &&
          !isProtocolError(error, 'unsupported/address')
        ) {
          throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});
