import { isProtocolError } from '@dimp/foundation';
import {
  type AddressType,
  addressRegistry,
  broadcastAddress,
  documentRegistry,
  metaRegistry,
  verifyMeta,
  visa,
} from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { addresses, ids, keys, seeded, seedless, toy } from './helpers.ts';

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

describe('plug-ins that fail', () => {
  const fail = (): never => {
    throw new TypeError('x');
  };
  const failing: AddressType<'failing'> = { ...other, family: 'failing', parse: fail };

  test('a failing address family refuses only what no other family accepts', () => {
    for (const registry of [addressRegistry(failing, toy), addressRegistry(toy, failing)]) {
      expect(registry.parse('toy:02:01020304').network).toBe(2);
      expect(() => registry.parse('nowhere')).toThrow(
        expect.objectContaining({ code: 'format/field', cause: expect.any(TypeError) }),
      );
      expect(() => registry.parse('toy:damaged')).toThrow(
        expect.objectContaining({ code: 'format/field' }),
      );
    }
  });

  test('a meta type or the key of a meta refuses the meta, and does not call it wrong', async () => {
    const wire = { type: '4', key: { algorithm: 'TOY', data: '0102030405060708' } };
    const meta = metaRegistry({ keys, addresses }, seedless).parse(wire);
    const type = metaRegistry({ keys, addresses }, { ...seedless, address: fail });
    const id = metaRegistry({ keys, addresses }, seedless).makeID(meta, 0);
    await expect(type.check(meta, id)).rejects.toMatchObject({ code: 'unsupported/meta' });
    const broken = {
      ...meta,
      seed: 'moki',
      fingerprint: Uint8Array.of(1),
      key: { ...meta.key, verify: fail },
    };
    await expect(verifyMeta(broken)).rejects.toMatchObject({ code: 'crypto/key' });
  });

  test.each([fail, async () => 'later'])('a document type refuses the document', (refuse) => {
    const type = Object.assign({ ...visa }, { refuseReplacement: refuse });
    const documents = documentRegistry({ readID: ids.parse }, type);
    const wire = {
      did: 'moki@toy:02:01020304',
      type: 'visa',
      data: '{"time":1}',
      signature: 'AAAA',
    };
    const stored = documents.parse(wire);
    const incoming = documents.parse({ ...wire, data: '{"time":2}' });
    expect(() => documents.checkReplacement(incoming, stored)).toThrow(
      expect.objectContaining({ code: 'identity/document-invalid' }),
    );
  });
});
