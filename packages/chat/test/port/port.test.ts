import { isProtocolError } from '@dimp/foundation';
import { VirtualTime } from '@dimp/testing/network';
import { expect, test, vi } from 'vitest';
import { Inbox } from '../../src/port/channel.ts';
import { type Channel, channelPair, connectClient, serveClient } from '../../src/port.ts';
import { FakeClient, messageOf, summaryOf } from './fake-client.ts';

/** A fake client, and one that reaches it through a port. */
function connected() {
  const fake = new FakeClient();
  const [ours, theirs] = channelPair();
  const onClose = vi.fn();
  const serving = serveClient(fake.client, theirs, { onClose });
  const client = connectClient(ours);
  return { fake, client, serving, onClose };
}

/** The user's side of a port by hand. */
function byHand() {
  const fake = new FakeClient();
  const [ours, theirs] = channelPair();
  serveClient(fake.client, theirs);
  const heard: Record<string, unknown>[] = [];
  ours.onMessage = (message) => heard.push(message as Record<string, unknown>);
  ours.post({ t: 'hello', version: 1 });
  return { fake, channel: ours, heard };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isProtocolError(error) ? error.code : String(error)),
  );

const turn = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

test('a call reaches the client with its arguments and returns its value', async () => {
  const { fake, client } = connected();
  await client.contacts.rename('hulk', 'Bruce');
  expect(fake.calls).toEqual([['contacts.rename', 'hulk', 'Bruce']]);
  expect(await client.contacts.add('ana')).toEqual({ id: 'ana', name: 'ana', blocked: false });
  const chat = await client.chats.open('hulk');
  expect(chat.id).toBe('hulk');
  expect(await chat.send('Hello')).toEqual({ ref: 'sent', leftOut: [] });
  await chat.mute(undefined);
  await chat.mute(Number.POSITIVE_INFINITY);
  chat.typing('voice');
  await chat.markUnread();
  expect(fake.calls.slice(1)).toEqual([
    ['chat.send', 'Hello'],
    ['chat.mute', undefined],
    ['chat.mute', Number.POSITIVE_INFINITY],
    ['chat.typing', 'voice'],
    ['chat.markUnread'],
  ]);
  await client.close();
});

test('an error crosses with its code, message and details', async () => {
  const { client } = connected();
  await expect(client.unlock('wrong')).rejects.toMatchObject({
    name: 'ProtocolError',
    code: 'crypto/passphrase',
    message: 'the passphrase is wrong',
    details: { attempt: 1 },
  });
  expect(await codeOf(client.chats.open('nobody'))).toBe('format/field');
  await client.close();
});

test('a live value arrives whole and changes by patches that keep what has not changed', async () => {
  const { fake, client } = connected();
  fake.conversations.set([summaryOf('a'), summaryOf('b', { unread: 1 })]);
  const list = client.chats.list();
  expect(list.current).toBeUndefined();
  const first = await list.ready;
  expect(first).toEqual(fake.conversations.value);
  expect(Object.isFrozen(first) && Object.isFrozen(first[0])).toBe(true);

  const changes: unknown[] = [];
  const stop = list.subscribe((_, change) => changes.push(change));
  await vi.waitFor(() => expect(changes).toHaveLength(1));
  fake.conversations.set([summaryOf('c'), summaryOf('b', { unread: 2 }), summaryOf('a')]);
  await vi.waitFor(() => expect(list.current).toEqual(fake.conversations.value));
  expect(list.current?.[2]).toBe(first[0]);
  expect(changes.at(-1)).toEqual({ kind: 'patch', inserted: ['c'], updated: ['b'], removed: [] });
  stop();
  await client.close();
});

test('a listener that throws reaches neither the port nor the client', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { fake, client } = connected();
  const list = client.chats.list();
  list.subscribe(() => {
    throw new Error('of the page');
  });
  await list.ready;
  fake.conversations.set([summaryOf('a')]);
  await vi.waitFor(() => expect(list.current).toHaveLength(1));
  expect(error).toHaveBeenCalled();
  error.mockRestore();
  await client.close();
});

test('a reader that does not answer gets the newest snapshot, not all of them', async () => {
  const { fake, channel, heard } = byHand();
  channel.post({ t: 'watch', n: 1, on: 0, path: 'chats.list', args: [] });
  await vi.waitFor(() => expect(heard.some(({ t }) => t === 'value')).toBe(true));
  for (let count = 1; count <= 50; count++) {
    fake.conversations.set(Array.from({ length: count }, (_, at) => summaryOf(`c${at}`)));
    await turn();
  }
  await turn(30);
  expect(heard.filter(({ t }) => t === 'patch')).toHaveLength(0);
  channel.post({ t: 'seen', n: 1 });
  await vi.waitFor(() => expect(heard.filter(({ t }) => t === 'patch')).toHaveLength(1));
  expect(JSON.stringify(heard.at(-1))).toContain('c49');
  channel.close();
});

test('a live value sends at most one message in the time of a frame', async () => {
  const { fake, channel, heard } = byHand();
  let values = 0;
  channel.onMessage = (message) => {
    const { t, n } = message as { t: string; n: number };
    heard.push({ t });
    if (t !== 'value' && t !== 'patch') return;
    values += 1;
    channel.post({ t: 'seen', n });
  };
  channel.post({ t: 'watch', n: 1, on: 0, path: 'chats.list', args: [] });
  const started = performance.now();
  for (let count = 1; performance.now() - started < 200; count++) {
    fake.conversations.set([summaryOf('a', { unread: count })]);
    await turn();
  }
  expect(values).toBeLessThanOrEqual(200 / 16 + 2);
  channel.close();
});

test('an iteration is read as far as it is wanted', async () => {
  const { fake, client } = connected();
  fake.search = ['a', 'b', 'c'];
  const hits: string[] = [];
  for await (const { message } of client.chats.search('x')) hits.push(message.ref);
  expect(hits).toEqual(['a', 'b', 'c']);
  const chat = await client.chats.open('hulk');
  let count = 0;
  for await (const _ of chat.messages()) if (++count === 70) break;
  expect(count).toBe(70);
  let all = 0;
  for await (const _ of chat.messages()) all += 1;
  expect(all).toBe(300);
  await client.close();
});

test('an incoming message is finished when the next one is asked for, and not before', async () => {
  const { fake, client } = connected();
  fake.incoming = ['a', 'b', 'c'];
  const stop = new AbortController();
  const read: string[] = [];
  for await (const { message } of client.chats.incoming({ signal: stop.signal })) {
    await turn(20);
    expect(fake.finished).toEqual(read);
    read.push(message.ref);
    if (read.length === 2) stop.abort();
  }
  expect(read).toEqual(['a', 'b']);
  await client.close();
});

test('a signal ends the iteration while it waits, on both sides', async () => {
  const { fake, client } = connected();
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 10);
  for await (const _ of client.chats.incoming({ signal: stop.signal })) expect.unreachable();
  await vi.waitFor(() => expect(fake.finished).toEqual(['end']));
  await client.close();
});

test('a window follows the conversation, and is closed at the other side when it is closed here', async () => {
  const { fake, client } = connected();
  fake.page.set({ items: [messageOf('a')], hasOlder: true, hasNewer: false });
  const chat = await client.chats.open('hulk');
  const window = chat.window({ at: 'newest', size: 10 });
  expect((await window.ready).items.map(({ ref }) => ref)).toEqual(['a']);
  const first = window.current?.items[0];
  fake.page.set({ items: [messageOf('a'), messageOf('b')], hasOlder: false, hasNewer: false });
  await vi.waitFor(() => expect(window.current?.items).toHaveLength(2));
  expect(window.current?.items[0]).toBe(first);
  expect(window.current?.hasOlder).toBe(false);
  await window.older(5);
  expect(fake.calls).toEqual([['window.older', 5]]);
  expect(fake.openWindows).toBe(1);
  await window.close();
  await vi.waitFor(() => expect(fake.openWindows).toBe(0));
  await client.close();
});

test('a window that cannot be opened tells why at its first use', async () => {
  const { client } = connected();
  const chat = await client.chats.open('hulk');
  await expect(chat.window({ size: -1 }).ready).rejects.toThrow('size must be positive');
  await client.close();
});

test('a file comes as a blob, with its progress, and can be aborted', async () => {
  const { fake, client } = connected();
  let aborted: AbortSignal | undefined;
  fake.attachment = async (_, options) => {
    options?.onProgress?.(2, { kind: 'file', state: 'remote' });
    return new Blob(['four'], { type: 'text/plain' });
  };
  const chat = await client.chats.open('hulk');
  const progress: number[] = [];
  const blob = await chat.attachment('a', { onProgress: (done) => progress.push(done) });
  expect([await blob.text(), blob.type, progress]).toEqual(['four', 'text/plain', [2]]);

  fake.attachment = (_, options) => {
    aborted = options?.signal;
    return new Promise(() => undefined);
  };
  const stop = new AbortController();
  const getting = chat.attachment('a', { signal: stop.signal });
  await vi.waitFor(() => expect(aborted).toBeDefined());
  stop.abort();
  await expect(getting).rejects.toMatchObject({ name: 'AbortError' });
  await vi.waitFor(() => expect(aborted?.aborted).toBe(true));
  await client.close();
});

test('when the port closes, everything that waits is rejected and everything that was open is released', async () => {
  const { fake, client, serving, onClose } = connected();
  const chat = await client.chats.open('hulk');
  const window = chat.window();
  await window.ready;
  const list = client.chats.list();
  list.subscribe(() => undefined);
  await list.ready;
  fake.send = () => new Promise(() => undefined);
  const sending = chat.send('never');
  const [session] = [client.session];
  await session.ready;
  serving.close();
  expect(await codeOf(sending)).toBe('transport/closed');
  expect(await codeOf(chat.markRead())).toBe('transport/closed');
  expect(await codeOf(client.contacts.list.ready)).toBe('transport/closed');
  await vi.waitFor(() =>
    expect(session.current).toEqual({ state: 'offline', error: 'transport/closed', waiting: 0 }),
  );
  expect(fake.openWindows).toBe(0);
  expect(onClose).toHaveBeenCalledTimes(1);
  expect(list.current).toEqual([]);
});

test('another version at the other side is refused with its own code', async () => {
  const [ours, theirs] = channelPair();
  serveClient(new FakeClient().client, theirs);
  const heard: unknown[] = [];
  ours.onMessage = (message) => heard.push(message);
  ours.post({ t: 'hello', version: 2 });
  await vi.waitFor(() =>
    expect(heard.at(-1)).toMatchObject({ t: 'bye', error: { code: 'unsupported/version' } }),
  );

  const [page, engine] = channelPair();
  engine.post({ t: 'hello', version: 7 });
  const client = connectClient(page);
  expect(await codeOf(client.me.ready)).toBe('unsupported/version');
});

test('silence makes the session stalled after 5 s and ends the port after 30 s', async () => {
  const time = new VirtualTime();
  const fake = new FakeClient(time);
  const [ours, theirs] = channelPair();
  let silent = false;
  const mute: Channel = {
    post: (message) => {
      if (!silent) theirs.post(message);
    },
    close: () => theirs.close(),
    get onMessage() {
      return theirs.onMessage;
    },
    set onMessage(listener) {
      theirs.onMessage = listener;
    },
    get onClose() {
      return theirs.onClose;
    },
    set onClose(listener) {
      theirs.onClose = listener;
    },
  };
  const serving = serveClient(fake.client, mute, { timers: time });
  const client = connectClient(ours, { timers: time });
  const pass = async (ms: number) => {
    let over = false;
    time.after(ms, () => {
      over = true;
    });
    await time.run({ until: () => over });
    await turn();
  };
  const states: string[] = [];
  client.session.subscribe(({ state }) => states.push(state));
  await client.session.ready;
  await pass(60_000);
  expect(states).toEqual(['online']);
  silent = true;
  await pass(8000);
  expect(states).toEqual(['online', 'stalled']);
  silent = false;
  await pass(3000);
  expect(states).toEqual(['online', 'stalled', 'online']);
  silent = true;
  await pass(40_000);
  expect(states).toEqual(['online', 'stalled', 'online', 'stalled', 'offline']);
  expect(await codeOf(client.chats.open('hulk'))).toBe('transport/closed');
  serving.close();
});

test('the server forgets a user who has been silent for five minutes', async () => {
  const time = new VirtualTime();
  const [ours, theirs] = channelPair();
  const onClose = vi.fn();
  serveClient(new FakeClient(time).client, theirs, { timers: time, onClose });
  ours.onMessage = () => undefined;
  await time.run({ until: () => onClose.mock.calls.length > 0 });
  expect(time.now() - 1_700_000_000_000).toBe(5 * 60_000);
});

test.each([
  'constructor',
  '__proto__',
  'close',
  'chats',
  'chats.constructor',
  'chats.__proto__.open',
  'me.close',
  'me.ready',
  'contacts.toString',
  'lock.call',
  '',
  '.',
  'chats..open',
])('a call of the path "%s" is refused', async (path) => {
  const { fake, channel, heard } = byHand();
  channel.post({ t: 'call', n: 1, on: 0, path, args: [] });
  await vi.waitFor(() => expect(heard.find(({ t }) => t === 'no')).toBeDefined());
  expect(fake.calls).toEqual([]);
  channel.close();
});

test('messages of any form are ignored or refused, and the port goes on', async () => {
  const { channel, heard } = byHand();
  const strange: unknown[] = [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { t: 'call' },
    { t: 'call', n: 'x', on: 0, path: 'lock', args: [] },
    { t: 'call', n: 1, on: 5, path: 'send', args: [] },
    { t: 'call', n: 2, on: 0, path: ['lock'], args: [] },
    { t: 'call', n: 3, on: 0, path: 'lock', args: 'x' },
    { t: 'call', n: 4, on: 0, path: 'lock', args: [new Map()] },
    { t: 'watch', n: 5, on: 0, path: 'lock', args: [] },
    { t: 'call', n: 6, on: 0, path: 'me', args: [] },
    { t: 'call', n: 7, on: 0, path: 'contacts.add', args: ['a'], ids: [[0]] },
    { t: 'call', n: 8, on: 0, path: 'contacts.add', args: [{ a: 'b' }], ids: [[0, '__proto__']] },
    { t: 'seen', n: 99 },
    { t: 'next', n: 99, count: Number.NaN },
    { t: 'release', h: -1 },
    { t: 'stop', n: {} },
    { t: 'unknown' },
  ];
  for (const message of strange) channel.post(message);
  channel.post({ t: 'call', n: 1000, on: 0, path: 'contacts.link', args: [] });
  await vi.waitFor(() => expect(heard.at(-1)).toEqual({ t: 'ok', n: 1000, value: 'dim:contact' }));
  channel.close();
});

test('a port watches at most 2,048 values and has at most 1,024 calls under way', async () => {
  const { fake, channel, heard } = byHand();
  for (let n = 1; n <= 2049; n++) channel.post({ t: 'watch', n, on: 0, path: 'session', args: [] });
  await vi.waitFor(() => expect(heard.filter(({ t }) => t === 'no')).toHaveLength(1));
  expect(heard.find(({ t }) => t === 'no')).toMatchObject({
    n: 2049,
    error: { code: 'policy/rate-limited' },
  });
  fake.send = () => new Promise(() => undefined);
  channel.post({ t: 'call', n: 5000, on: 0, path: 'chats.open', args: ['hulk'], h: 1 });
  await vi.waitFor(() => expect(heard.some(({ n, t }) => n === 5000 && t === 'ok')).toBe(true));
  for (let n = 6000; n <= 7024; n++) {
    channel.post({ t: 'call', n, on: 1, path: 'send', args: ['x'] });
  }
  await vi.waitFor(() => expect(heard.some(({ n, t }) => n === 7024 && t === 'no')).toBe(true));
  channel.close();
});

test('a client of a channel that is closed already says so, and all its calls reject', async () => {
  const inbox = new Inbox();
  inbox.end(new Error('reset'));
  const client = connectClient(inbox.channel({ post: () => {}, close: () => {} }));
  expect(await codeOf(client.chats.open('hulk'))).toBe('transport/closed');
  expect(await codeOf(client.contacts.list.ready)).toBe('transport/closed');
  expect(await client.session.ready).toEqual({
    state: 'offline',
    error: 'transport/closed',
    waiting: 0,
  });
  await client.close();
});

test('arguments that are too large are refused', async () => {
  const { channel, heard } = byHand();
  const deep = JSON.parse(`${'['.repeat(50)}${']'.repeat(50)}`) as unknown;
  const large = [['x'.repeat(5_000_000)], [deep], [Array.from({ length: 70_000 }, () => 1)]];
  for (const [n, args] of large.entries()) {
    channel.post({ t: 'call', n, on: 0, path: 'contacts.add', args });
  }
  await vi.waitFor(() => expect(heard.filter(({ t }) => t === 'no')).toHaveLength(3));
  for (const each of heard.filter(({ t }) => t === 'no')) {
    expect(each).toMatchObject({ error: { code: 'format/limit' } });
  }
  channel.close();
});
