import { isProtocolError } from '@dimp/foundation';
import {
  type AddressType,
  addressRegistry,
  broadcastAddress,
  documentRegistry,
  metaRegistry,
  visa,
} from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { addresses, ids, keys, seeded, toy } from './helpers.ts';

const duplicate = expect.objectContaining({ code: 'registry/duplicate' });
const other: AddressType<'other'> = { ...toy, family: 'other', parse: () => undefined };

describe('addressRegistry', () => {
  test('asks each family, and always knows the broadcast words', () => {
    expect(addresses.parse('toy:02:01020304').network).toBe(2);
    expect(addressRegistry().parse('EveryWhere').canonical).toBe('everywhere');
  });

  test.each([
    ['', 'format/field'],
    [undefined, 'format/field'],
    [{}, 'format/field'],
    ['toy:damaged', 'format/field'],
    ['nowhere', 'unsupported/address'],
  ])('refuses %j as %s', (text, code) => {
    expect(() => addresses.parse(text)).toThrow(expect.objectContaining({ code }));
  });

  test('makes addresses of a registered family only', () => {
    const address = addresses.generate('toy', Uint8Array.of(1), 8);
    expect(addresses.parse(address.text)).toEqual(address);
    expect(() => addresses.generate('btc', Uint8Array.of(1), 8)).toThrow(
      expect.objectContaining({ code: 'unsupported/address' }),
    );
    expect(() => addresses.generate('broadcast', Uint8Array.of(1), 0x80)).toThrow(RangeError);
  });

  test('refuses a family twice, the broadcast words included', () => {
    expect(() => addressRegistry(toy, toy)).toThrow(duplicate);
    expect(() => addressRegistry(broadcastAddress)).toThrow(duplicate);
  });

  test('grows into a new registry and stays as it is', () => {
    const more = addresses.with(other);
    expect(more.types.map((type) => type.family)).toEqual(['toy', 'other']);
    expect(addresses.types).toHaveLength(1);
    expect(Object.isFrozen(addresses)).toBe(true);
  });
});

test('meta and document registries refuse a name twice', () => {
  const alias = { ...seeded, type: '7', aliases: ['mkm'] };
  expect(() => metaRegistry({ keys, addresses }, seeded, alias)).toThrow(duplicate);
  expect(() => metaRegistry({ keys, addresses }, seeded).with(seeded)).toThrow(duplicate);
  const documents = documentRegistry({ readID: ids.parse }, visa);
  expect(() => documents.with(visa)).toThrow(duplicate);
  try {
    documents.with(visa);
  } catch (error) {
    expect(isProtocolError(error) && error.details).toEqual({ type: 'visa' });
  }
});
