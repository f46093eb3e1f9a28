import { createProtocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Facebook, register } from '@dimp/endpoint';
import { standard } from '@dimp/extensions/standard';
import { expect, test } from 'vitest';
import { exportMnemonic, identityFromMnemonic, newMnemonic, readMnemonic } from '../src/index.ts';

const protocol = createProtocol(standard());
/** The mnemonic of BIP-39's first test vector. */
const ABANDON = `${'abandon '.repeat(11)}about`;

test('the ID is the address that an Ethereum wallet shows for the same words', async () => {
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const identity = await identityFromMnemonic(protocol, ABANDON);
  const user = await register('moki', { facebook, metaType: '4', ...identity });
  expect(user.id.text).toBe('0x9858EfFD232B4033E47d90003D41EC34EcaEda94');
  const again = new Facebook({ protocol, store });
  expect(await exportMnemonic(again, user.id)).toEqual({
    words: ABANDON,
    account: 0,
    passphrase: false,
  });
});

test('account and passphrase make other identities', async () => {
  const ids = new Set<string>();
  for (const options of [{}, { account: 1 }, { passphrase: 'x' }]) {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const identity = await identityFromMnemonic(protocol, ABANDON, options);
    const user = await register('moki', { facebook, metaType: '4', ...identity });
    ids.add(user.id.text);
    expect((await exportMnemonic(facebook, user.id))?.passphrase).toBe('passphrase' in options);
  }
  expect(ids.size).toBe(3);
  await expect(identityFromMnemonic(protocol, ABANDON, { account: -1 })).rejects.toThrow(
    RangeError,
  );
});

test('new mnemonics are valid and differ', () => {
  for (const count of [12, 24] as const) {
    const words = newMnemonic(count);
    expect(words.split(' ')).toHaveLength(count);
    expect(readMnemonic(`  ${words.toUpperCase().replaceAll(' ', '\n ')}`)).toBe(words);
    expect(newMnemonic(count)).not.toBe(words);
  }
});

test.each(['', 'abandon', `${'abandon '.repeat(11)}abandon`, `${'abandon '.repeat(11)}xyzzy`])(
  'the mnemonic "%s" is refused, and not quoted',
  async (words) => {
    const error = await identityFromMnemonic(protocol, words).catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 'format/field' });
    expect(JSON.stringify([String(error), error])).not.toMatch(/abandon|xyzzy/);
  },
);

test('an identity that was made otherwise has no words', async () => {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const user = await register('moki', { facebook, algorithm: 'ECC', metaType: '4' });
  expect(await exportMnemonic(facebook, user.id)).toBeUndefined();
});
