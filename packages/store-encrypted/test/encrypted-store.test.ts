import type { Store, StoreKey } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { decodeBase64, utf8Decode, utf8Encode } from '@dimp/foundation';
import { storeCompliance } from '@dimp/testing/compliance';
import { tabs } from '@dimp/testing/stores';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { changePassphrase, encryptedStore, type Unlock } from '../src/index.ts';
import { openWithPassphrase, sealWithPassphrase } from '../src/secrets.ts';

/** Cheap, because these tests do not depend on the cost of guessing. */
const work = { N: 1024, r: 8, p: 1 };
const PASS = { passphrase: 'correct horse' };
const HEADER: StoreKey = ['dim-encrypted'];

/** Store in memory that stays open when it is closed. */
function keptOpen(inner: Store): Store {
  return {
    capabilities: { durable: true, shared: false },
    get: (key) => inner.get(key),
    set: (key, value) => inner.set(key, value),
    delete: (key) => inner.delete(key),
    list: (prefix) => inner.list(prefix),
    batch: (changes) => inner.batch(changes),
    compareAndSet: (key, expected, value) => inner.compareAndSet(key, expected, value),
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
}

describe('an encrypted store is a store', () => {
  const stores = new Map<string, Store>();
  storeCompliance(test, {
    open: (name) => {
      // The underlying store stays, as a file does.
      const inner = stores.get(name) ?? memoryStore();
      stores.set(name, inner);
      return encryptedStore(keptOpen(inner), PASS, { work });
    },
    durable: true,
    numRuns: 10,
  });
});

async function filled(unlock: Unlock = PASS): Promise<Store> {
  const inner = memoryStore();
  const store = await encryptedStore(inner, unlock, { work });
  await store.set(['contact', 'moki', 'hulk'], utf8Encode('secret one'));
  await store.set(['contact', 'moki', 'bruce'], utf8Encode('secret two'));
  return inner;
}

test('neither values nor paths stand in the store below', async () => {
  const inner = await filled();
  let all = '';
  for await (const [key, value] of inner.list([])) {
    all += `${key.join(' ')} ${Array.from(value, (byte) => String.fromCharCode(byte)).join('')}\n`;
  }
  for (const text of ['contact', 'moki', 'hulk', 'secret', 'horse']) {
    expect(all).not.toContain(text);
  }
});

test('a listener that throws is reported, and is called for later changes', async () => {
  const { open } = tabs();
  const writer = await encryptedStore(open(), PASS, { work });
  const reader = await encryptedStore(open(), PASS, { work });
  const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const heard: string[] = [];
  reader.sharing?.watch((keys) => {
    heard.push(...keys.map((key) => key.join('/')));
    throw new Error('from a listener');
  });
  // The runner fails if a rejection is left unhandled.
  await writer.set(['one'], utf8Encode('1'));
  await writer.set(['two'], utf8Encode('2'));
  await vi.waitFor(() => expect(heard).toEqual(['one', 'two']));
  expect(shown).toHaveBeenCalledTimes(2);
  shown.mockRestore();
});

test('a wrong passphrase or key is refused with crypto/passphrase', async () => {
  const key = { key: new Uint8Array(32).fill(7) };
  for (const [right, wrong] of [
    [PASS, { passphrase: 'correct horsf' }],
    [PASS, key],
    [key, { key: new Uint8Array(32).fill(8) }],
    [key, PASS],
  ] as const) {
    const inner = await filled(right);
    await expect(encryptedStore(inner, wrong)).rejects.toMatchObject({ code: 'crypto/passphrase' });
    expect(
      utf8Decode(
        (await (await encryptedStore(inner, right)).get(['contact', 'moki', 'hulk'])) ??
          new Uint8Array(),
      ),
    ).toBe('secret one');
  }
});

test('another Unicode form of the same passphrase opens the store', async () => {
  const inner = await filled({ passphrase: 'caf\u00e9' });
  await encryptedStore(inner, { passphrase: 'cafe\u0301' });
  await expect(encryptedStore(memoryStore(), { passphrase: '' })).rejects.toThrow(RangeError);
});

test('a change of the passphrase replaces no record', async () => {
  const inner = await filled();
  const before = new Map<string, Uint8Array>();
  for await (const [key, value] of inner.list([])) before.set(key.join('\n'), value);
  const next = { passphrase: 'battery staple' };
  await changePassphrase(inner, { from: PASS, to: next }, { work });
  for await (const [key, value] of inner.list([])) {
    if (key[0] !== HEADER[0]) expect(value).toEqual(before.get(key.join('\n')));
  }
  await expect(encryptedStore(inner, PASS)).rejects.toMatchObject({ code: 'crypto/passphrase' });
  const store = await encryptedStore(inner, next);
  expect(await store.get(['contact', 'moki', 'hulk'])).toEqual(utf8Encode('secret one'));
  const key = { key: new Uint8Array(32).fill(1) };
  await changePassphrase(inner, { from: next, to: key });
  await encryptedStore(inner, key);
  await expect(changePassphrase(inner, { from: next, to: PASS })).rejects.toMatchObject({
    code: 'crypto/passphrase',
  });
});

async function listAll(store: Store): Promise<void> {
  for await (const _ of store.list([])) void _;
}

test('a record with any changed byte is refused', async () => {
  const inner = await filled();
  const store = await encryptedStore(inner, PASS);
  for await (const [key, value] of inner.list([])) {
    if (key[0] === HEADER[0]) continue;
    for (let at = 0; at < value.length; at++) {
      const changed = value.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await inner.set(key, changed);
      await expect(listAll(store)).rejects.toMatchObject({ code: 'store/corrupt' });
    }
    await inner.set(key, value.slice(0, 20));
    await expect(listAll(store)).rejects.toMatchObject({ code: 'store/corrupt' });
    await inner.set(key, value);
  }
});

test('records that were swapped are refused', async () => {
  const inner = await filled();
  const records: (readonly [StoreKey, Uint8Array])[] = [];
  for await (const record of inner.list([])) if (record[0][0] !== HEADER[0]) records.push(record);
  const [[first, one], [second, two]] = records as [(typeof records)[0], (typeof records)[0]];
  await inner.set(first, two);
  await inner.set(second, one);
  const store = await encryptedStore(inner, PASS);
  for (const name of ['hulk', 'bruce']) {
    await expect(store.get(['contact', 'moki', name])).rejects.toMatchObject({
      code: 'store/corrupt',
    });
  }
});

test('a changed header opens nothing, and cannot demand excessive work', async () => {
  const inner = await filled();
  const header = (await inner.get(HEADER)) ?? new Uint8Array();
  const wire = JSON.parse(utf8Decode(header));
  const write = (changed: object) => inner.set(HEADER, utf8Encode(JSON.stringify(changed)));
  for (const kdf of [
    { ...wire.kdf, N: 2 ** 30 },
    { ...wire.kdf, N: 1000 },
    { ...wire.kdf, r: 1e9 },
    { ...wire.kdf, p: 0 },
    { ...wire.kdf, salt: '' },
    { name: 'pbkdf2' },
    null,
  ]) {
    await write({ ...wire, kdf });
    await expect(encryptedStore(inner, PASS)).rejects.toMatchObject({ code: 'store/corrupt' });
  }
  for (const changed of [
    { ...wire, kdf: { ...wire.kdf, N: 512 } },
    { ...wire, extra: 1 },
    { ...wire, wrapped: 'AAAA' },
  ]) {
    await write(changed);
    await expect(encryptedStore(inner, PASS)).rejects.toMatchObject({ code: 'crypto/passphrase' });
  }
  for (const text of ['', '{}', 'x', '{"version":2}']) {
    await inner.set(HEADER, utf8Encode(text));
    await expect(encryptedStore(inner, PASS)).rejects.toMatchObject({ code: 'store/corrupt' });
  }
  expect(decodeBase64(wire.wrapped)).toHaveLength(12 + 32 + 16);
});

test('a store with unencrypted records is refused', async () => {
  const inner = memoryStore();
  await inner.set(['plain'], utf8Encode('text'));
  await expect(encryptedStore(inner, PASS, { work })).rejects.toMatchObject({
    code: 'store/corrupt',
  });
});

test('two programs that open a new store at the same time share one key', async () => {
  const inner = memoryStore();
  const [one, two] = await Promise.all([
    encryptedStore(inner, PASS, { work }),
    encryptedStore(inner, PASS, { work }),
  ]);
  await one?.set(['a'], utf8Encode('x'));
  expect(await two?.get(['a'])).toEqual(utf8Encode('x'));
});

describe('sealed secrets', () => {
  test('open with their passphrase only', async () => {
    const sealed = await sealWithPassphrase(utf8Encode('key'), 'pass', { work });
    expect(await openWithPassphrase(sealed, 'pass')).toEqual(utf8Encode('key'));
    await expect(openWithPassphrase(sealed, 'Pass')).rejects.toMatchObject({
      code: 'crypto/passphrase',
    });
    expect(utf8Decode(sealed.slice(0, 12))).toBe('DIM sealed 1');
  });

  test('do not open with a changed byte', async () => {
    const sealed = await sealWithPassphrase(utf8Encode('key'), 'pass', { work });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, bits) => {
          const changed = sealed.slice();
          changed[at] = (changed[at] ?? 0) ^ bits;
          const code = await openWithPassphrase(changed, 'pass').catch((error) => error.code);
          expect(['crypto/passphrase', 'format/bytes']).toContain(code);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('opening arbitrary bytes fails with an error code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(openWithPassphrase(bytes, 'pass')).rejects.toMatchObject({
          code: 'format/bytes',
        });
      }),
    );
  });
});
