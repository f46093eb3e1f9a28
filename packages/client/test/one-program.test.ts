import { subStore } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { ensureUser, Facebook, Messenger, register } from '../src/index.ts';
import { protocol } from './people.ts';

const fast = { algorithm: 'Ed25519', metaType: '1' } as const;

describe('ensureUser', () => {
  test('makes one identity, however many tabs ask at the same time', async () => {
    const shared = tabs();
    // News of another tab may come late.
    shared.hold();
    const facebooks = [1, 2, 3].map(() => new Facebook({ protocol, store: shared.open() }));
    const users = await Promise.all(
      facebooks.map((facebook) => ensureUser('moki', { facebook, ...fast })),
    );
    expect(new Set(users.map(({ id }) => id.text)).size).toBe(1);
    const later = new Facebook({ protocol, store: shared.open() });
    expect(await later.localUsers()).toHaveLength(1);
  });

  test('makes one identity if one program asks twice', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const [one, two] = await Promise.all([
      ensureUser('moki', { facebook, ...fast }),
      ensureUser('moki', { facebook, ...fast }),
    ]);
    expect(one.id.text).toBe(two.id.text);
    expect(await facebook.localUsers()).toHaveLength(1);
  });

  test('takes the current user, and makes none', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    await register('moki', { facebook, ...fast });
    const hulk = await register('hulk', { facebook, ...fast });
    await facebook.useUser(hulk.id);
    expect((await ensureUser('anybody', { facebook })).id.text).toBe(hulk.id.text);
    expect(await facebook.localUsers()).toHaveLength(2);
  });

  test('lets the next one try if it fails', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const results = await Promise.allSettled([
      ensureUser('', { facebook, ...fast }),
      ensureUser('moki', { facebook, ...fast }),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'format/field' } },
      { status: 'fulfilled' },
    ]);
  });
});

describe('a second messenger of the same program', () => {
  test.each([
    ['on the same facebook', (facebook: Facebook<typeof protocol>) => facebook],
    [
      'on another facebook over the same store',
      ({ store }: Facebook<typeof protocol>) => new Facebook({ protocol, store }),
    ],
  ])('%s is refused until the first one is closed', async (_, second) => {
    for (const store of [memoryStore(), tabs().open()]) {
      const facebook = new Facebook({ protocol, store });
      const { id } = await register('moki', { facebook, ...fast });
      const one = new Messenger({ facebook });
      await one.start();
      const two = new Messenger({ facebook: second(facebook) });
      await expect(two.start()).rejects.toMatchObject({ code: 'store/conflict' });
      await expect(two.send({ kind: 'text', body: { text: 'hi' } }, id)).rejects.toMatchObject({
        code: 'store/conflict',
      });
      expect(two.leads).toBe(false);
      await one.close();
      await two.start();
      await two.close();
    }
  });

  test('on two views of one part of a store is refused, and on another part it is not', async () => {
    const store = memoryStore();
    const open = (part: string) =>
      new Messenger({ facebook: new Facebook({ protocol, store: subStore(store, [part]) }) });
    const [work, again, home] = [open('work'), open('work'), open('home')];
    await work.start();
    await expect(again.start()).rejects.toMatchObject({ code: 'store/conflict' });
    await home.start();
    for (const each of [work, again, home]) await each.close();
  });

  test('that is closed without ever having started leaves the store to the first', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const [one, two, three] = [1, 2, 3].map(() => new Messenger({ facebook }));
    await one?.start();
    await two?.close();
    await expect(three?.start()).rejects.toMatchObject({ code: 'store/conflict' });
    await one?.close();
  });
});
