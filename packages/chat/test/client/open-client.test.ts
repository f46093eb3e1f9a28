import { type StoreKey, subStore } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import { encryptedStore } from '@dimp/store-encrypted';
import { simulatedWorld } from '@dimp/testing/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type OpenClientOptions, openClient } from '../../src/client.ts';
import { channelPair, connectClient, serveClient } from '../../src/port.ts';

const extensions = [standard(), chat()];
const user = { name: 'moki', algorithm: 'Ed25519' };
const work = { N: 1024, r: 8, p: 1 };

/** A client that is closed after the test. */
async function opened(options: Partial<OpenClientOptions> = {}) {
  const client = await openClient({ store: memoryStore(), extensions, user, ...options });
  onTestFinished(() => client.close());
  return client;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isProtocolError(error) ? error.code : String(error)),
  );

test('a client knows its user, and finds them again in the store', async () => {
  const store = memoryStore();
  const first = await openClient({ store, extensions, user });
  const me = await first.me.ready;
  expect(me).toEqual({
    id: expect.stringMatching(/^moki@/),
    name: 'moki',
    fingerprint: expect.stringMatching(/^[\w-]{22}$/),
    locked: false,
  });
  await first.close();
  const again = await opened({ store, user: 'somebody else' });
  expect(await again.me.ready).toEqual(me);
});

test('a store without a user and no name for one is an error', async () => {
  const store = memoryStore();
  expect(await codeOf(openClient({ store, extensions }))).toBe('identity/not-found');
});

test('without a station the session is offline and counts what waits', async () => {
  const client = await opened();
  expect(await client.session.ready).toEqual({ state: 'offline', waiting: 0 });
  const peer = await opened({ user: { ...user, name: 'hulk' } });
  const { id } = await peer.me.ready;
  await (await client.chats.open(id)).send('Hello');
  await vi.waitFor(() => expect(client.session.current?.waiting).toBe(1));
});

test('the session of a station that cannot be reached says why and when it is tried again', async () => {
  const connect = async () => {
    throw new ProtocolError('transport/refused', 'nobody listens');
  };
  const client = await opened({ stations: [{ connect, host: '::1', port: 9394 }] });
  client.session.subscribe(() => undefined);
  await vi.waitFor(() =>
    expect(client.session.current).toMatchObject({
      state: 'offline',
      station: '[::1]:9394',
      error: 'transport/refused',
      nextAttempt: expect.any(Number),
      waiting: 0,
    }),
  );
});

test('a damaged store is a problem that the user sees, once', async () => {
  const inner = memoryStore();
  let damaged = false;
  const store = new Proxy(inner, {
    get: (target, name) => {
      if (name === 'get') {
        return (key: StoreKey) => {
          if (damaged && key[0] === 'contact-details') {
            throw new ProtocolError('store/corrupt', 'a stored record cannot be read');
          }
          return target.get(key);
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const client = await opened({ store });
  client.problems.subscribe(() => undefined);
  client.contacts.list.subscribe(() => undefined);
  const peer = await opened({ user: { ...user, name: 'hulk' } });
  const { id } = await peer.me.ready;
  await client.contacts.add(id);
  expect(await client.problems.ready).toEqual([]);
  damaged = true;
  await client.contacts.rename(id, 'Bruce');
  await vi.waitFor(() => expect(client.problems.current).toHaveLength(1));
  await client.contacts.rename(id, 'Banner');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(client.problems.current).toEqual([
    { code: 'store/corrupt', message: 'a stored record is damaged', since: expect.any(Number) },
  ]);
});

test('only a client over a passphrase can be locked', async () => {
  const client = await opened();
  expect(await codeOf(client.lock())).toBe('state/not-ready');
  expect(await codeOf(client.unlock('x'))).toBe('state/not-ready');
});

test('a locked client shows and does nothing until it is unlocked, and its live values go on then', async () => {
  const inner = memoryStore();
  // Closing a part of a store keeps the store open.
  const unlock = (passphrase: string) =>
    encryptedStore(subStore(inner, ['part']), { passphrase }, { work });
  const client = await opened({ store: { unlock, passphrase: 'secret' } });
  const { id } = await client.me.ready;
  const note = await client.chats.open(id);
  await note.send('Buy milk');
  const list = client.chats.list();
  const lengths: number[] = [];
  list.subscribe((conversations) => lengths.push(conversations.length));
  await vi.waitFor(() => expect(list.current).toHaveLength(1));
  const window = note.window();
  expect((await window.ready).items).toHaveLength(1);
  const locks: boolean[] = [];
  client.me.subscribe(({ locked }) => locks.push(locked));

  await client.lock();
  expect(client.parts).toBeUndefined();
  expect(client.me.current).toMatchObject({ id, name: 'moki', locked: true });
  expect([list.current, window.current, note.summary.current]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await codeOf(list.ready)).toBe('state/locked');
  expect(await codeOf(note.send('x'))).toBe('state/locked');
  expect(await codeOf(client.chats.open(id))).toBe('state/locked');
  expect(() => note.typing()).toThrow('locked');
  expect(() => client.chats.search('x')).toThrow('locked');
  expect(await codeOf(client.unlock('wrong'))).toBe('crypto/passphrase');

  await client.unlock('secret');
  await client.unlock('secret');
  await vi.waitFor(() => expect(list.current).toHaveLength(1));
  expect(await codeOf(note.send('x'))).toBe('state/locked');
  const again = await client.chats.open(id);
  expect((await again.window().ready).items.map(({ text }) => text)).toEqual(['Buy milk']);
  expect(locks).toEqual([false, true, false]);
  expect(lengths.every((length) => length === 1)).toBe(true);

  await client.close();
  expect(await codeOf(client.chats.open(id))).toBe('state/stopped');
  expect(await codeOf(client.unlock('secret'))).toBe('state/stopped');
});

test('a client without a passphrase begins locked', async () => {
  const inner = memoryStore();
  const client = await opened({
    store: { unlock: (passphrase) => encryptedStore(inner, { passphrase }, { work }) },
  });
  expect(await client.me.ready).toMatchObject({ locked: true });
  expect(await codeOf(client.contacts.list.ready)).toBe('state/locked');
  await client.unlock('secret');
  expect(await client.contacts.list.ready).toEqual([]);
});

test('a user of a locked client through a port sees nothing, and everything after it was unlocked', async () => {
  const disk = memoryStore();
  const unlock = (passphrase: string) =>
    encryptedStore(subStore(disk, ['part']), { passphrase }, { work });
  const client = await opened({ store: { unlock, passphrase: 'secret' } });
  const { id } = await client.me.ready;
  await (await client.chats.open(id)).send('Buy milk');
  const [ours, theirs] = channelPair();
  serveClient(client, theirs);
  const user = connectClient(ours);
  const early = user.chats.list();
  const heard: number[] = [];
  early.subscribe((conversations) => heard.push(conversations.length));
  expect(await early.ready).toHaveLength(1);

  await user.lock();
  await vi.waitFor(() => expect(early.current).toBeUndefined());
  expect(await user.me.ready).toMatchObject({ id, locked: true });
  const late = user.chats.list();
  late.subscribe((conversations) => heard.push(conversations.length));
  expect(await codeOf(late.ready)).toBe('state/locked');
  expect(await codeOf(user.chats.open(id))).toBe('state/locked');
  expect(await codeOf(user.unlock('wrong'))).toBe('crypto/passphrase');

  await user.unlock('secret');
  await vi.waitFor(() =>
    expect([early.current, late.current]).toEqual([[expect.anything()], [expect.anything()]]),
  );
  expect(heard.every((length) => length === 1)).toBe(true);
  expect(await user.me.ready).toMatchObject({ locked: false });
  await user.close();
});

test('contacts are listed with names, keys and blocking, and the list follows what changes', async () => {
  const world = await simulatedWorld({ people: ['ana', 'bo'] });
  onTestFinished(() => world.close());
  const { ana, bo } = world;
  const { contacts } = ana.client;
  contacts.list.subscribe(() => undefined);
  expect(await contacts.list.ready).toEqual([]);
  await contacts.add(bo.id);
  await world.settle();
  const { fingerprint } = await bo.client.me.ready;
  expect(contacts.list.current).toEqual([{ id: bo.id, name: 'bo', fingerprint, blocked: false }]);
  await contacts.rename(bo.id, 'Bobby');
  await contacts.block(bo.id, true);
  await world.settle();
  expect(contacts.list.current).toEqual([{ id: bo.id, name: 'Bobby', fingerprint, blocked: true }]);
  expect(await contacts.get(bo.id)).toEqual(contacts.list.current?.[0]);
  await contacts.remove(bo.id);
  await world.settle();
  expect(contacts.list.current).toEqual([]);
  expect(await contacts.get(bo.id)).toBeUndefined();
  expect(await codeOf(contacts.add(ana.id))).toBe('format/field');
  expect(await codeOf(contacts.add('nonsense'))).toMatch(/^(format|unsupported)\//);
});
