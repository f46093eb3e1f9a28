import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, onTestFinished, vi } from 'vitest';
import { Facebook, Messenger, register } from '../src/index.ts';
import { protocol } from './people.ts';
import type { TabReport, TabTask } from './tab.worker.ts';

export const PATIENCE = { timeout: 20_000 };

export interface Tab {
  readonly reports: TabReport[];
  tell(task: TabTask): void;
  /** What it has reported of a kind. */
  words(kind: TabReport['kind']): readonly string[];
  kill(): void;
}

/** Moki's account in a database for several tabs, and Hulk, who is the whole network. */
export async function account() {
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

/** Waits until a tab leads. */
export const leads = (tab: Tab): Promise<void> =>
  vi.waitFor(() => expect(tab.reports).toContainEqual({ kind: 'leading' }), PATIENCE);
