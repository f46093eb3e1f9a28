import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Facebook, Messenger, register } from '../src/index.ts';
import { protocol } from './people.ts';
import type { TabReport, TabTask } from './tab.worker.ts';

const PATIENCE = { timeout: 20_000 };

interface Tab {
  readonly reports: TabReport[];
  tell(task: TabTask): void;
  /** What it has reported of a kind. */
  words(kind: TabReport['kind']): readonly string[];
  kill(): void;
}

/** Moki's account in a database for several tabs, and Hulk, who is the whole network. */
async function account() {
  const name = `messenger-${crypto.randomUUID()}`;
  const keys = { algorithm: 'Ed25519', metaType: '1' } as const;
  const store = await indexedDbStore({ name });
  const facebook = new Facebook({ protocol, store });
  const moki = await register('moki', { facebook, ...keys });
  const there = new Facebook({ protocol, store: memoryStore() });
  const hulk = await register('hulk', { facebook: there, ...keys });
  for (const [from, user, to] of [
    [facebook, moki, there],
    [there, hulk, facebook],
  ] as const) {
    const [meta, visa] = [await from.meta(user.id), await from.document(user.id)];
    if (meta === undefined || visa === undefined) expect.unreachable();
    await to.saveMeta(meta, user.id);
    await to.saveDocument(visa, user.id);
  }
  await facebook.close();
  await store.close();
  const shown: string[] = [];
  const messenger = new Messenger({ facebook: there });
  onTestFinished(() => messenger.close());
  messenger.handle(Text, ({ content }) => {
    shown.push(content.body.text);
  });
  const open = async (screen = true): Promise<Tab> => {
    const tab = newTab(async (bytes, from) => {
      for (const answer of await messenger.receivedPackage(bytes)) {
        from.tell({ kind: 'deliver', bytes: answer });
      }
    });
    tab.tell({ kind: 'open', name, screen });
    await vi.waitFor(() => expect(tab.reports).toContainEqual({ kind: 'open' }), PATIENCE);
    return tab;
  };
  return { moki: moki.id, hulk: hulk.id, messenger, shown, open };
}

function newTab(carry: (bytes: Uint8Array, from: Tab) => Promise<void>): Tab {
  const worker = new Worker(new URL('./tab.worker.ts', import.meta.url), { type: 'module' });
  onTestFinished(() => worker.terminate());
  const reports: TabReport[] = [];
  let alive = true;
  const tab: Tab = {
    reports,
    tell: (task) => {
      if (alive) worker.postMessage(task);
    },
    words: (kind) =>
      reports.flatMap((each) => (each.kind === kind && 'words' in each ? [each.words] : [])),
    kill: () => {
      alive = false;
      worker.terminate();
    },
  };
  worker.addEventListener('message', ({ data }: MessageEvent<TabReport>) => {
    reports.push(data);
    if (data.kind === 'packet') void carry(data.bytes, tab);
  });
  return tab;
}

const leads = (tab: Tab) =>
  vi.waitFor(() => expect(tab.reports).toContainEqual({ kind: 'leading' }), PATIENCE);

test('of two tabs one leads; it delivers the messages of the other one, whose handle reports their state', async () => {
  const { hulk, shown, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open();
  two.tell({ kind: 'send', words: 'hi', to: hulk.text });
  await vi.waitFor(
    () => expect(two.reports).toContainEqual({ kind: 'state', words: 'hi', state: 'received' }),
    PATIENCE,
  );
  expect(shown).toEqual(['hi']);
  expect(two.reports).not.toContainEqual({ kind: 'leading' });
  expect(two.reports.some(({ kind }) => kind === 'packet')).toBe(false);
  one.tell({ kind: 'close' });
  await leads(two);
  expect([...one.words('error'), ...two.words('error')]).toEqual([]);
});

test('when the one that leads is killed, the other one takes over, and nothing is lost or doubled', async () => {
  const { hulk, shown, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open();
  for (let n = 0; n < 10; n++) {
    one.tell({ kind: 'send', words: `one ${n}`, to: hulk.text });
    two.tell({ kind: 'send', words: `two ${n}`, to: hulk.text });
    if (n === 5)
      await vi.waitFor(() => expect(one.words('acknowledged').length).toBeGreaterThan(2), PATIENCE);
  }
  one.kill();
  await leads(two);
  await vi.waitFor(() => {
    expect(two.words('acknowledged')).toHaveLength(10);
    for (const words of [...one.words('acknowledged'), ...two.words('acknowledged')]) {
      expect(shown).toContain(words);
    }
  }, PATIENCE);
  expect(new Set(shown).size).toBe(shown.length);
  const received = () =>
    two.reports.filter((each) => each.kind === 'state' && each.state === 'received');
  await vi.waitFor(() => expect(received()).toHaveLength(10), PATIENCE);
  expect(two.words('error')).toEqual([]);
});

test('messages that a killed tab has not finished are shown by the other one, once', async () => {
  const { moki, messenger, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open(false);
  const message = await messenger.pack(Text.create({ text: 'hi' }), moki);
  if ('status' in message) expect.unreachable();
  const bytes = messenger.serialize(message);
  two.tell({ kind: 'deliver', bytes });
  // Its receipt says that it is on disk.
  await vi.waitFor(
    () => expect(two.reports.some(({ kind }) => kind === 'packet')).toBe(true),
    PATIENCE,
  );
  expect(one.words('shown')).toEqual([]);
  two.kill();
  await vi.waitFor(() => expect(one.words('shown')).toEqual(['hi']), PATIENCE);
  one.tell({ kind: 'deliver', bytes });
  await vi.waitFor(
    () => expect(one.reports.some(({ kind }) => kind === 'packet')).toBe(true),
    PATIENCE,
  );
  expect(one.words('shown')).toEqual(['hi']);
});
