import { Facebook, Messenger, register } from '@dimp/client';
import { isWaiting, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { type SeededRandom, seededRandom } from '@dimp/testing/network';
import { expect, onTestFinished, vi } from 'vitest';
import { type Chat, Chats } from '../../src/index.ts';
import { protocol } from './world.ts';

/** A tab: a messenger of the user over the shared store. */
interface Tab {
  readonly messenger: Messenger<typeof protocol>;
  readonly chats: Chats;
  readonly chat: Chat;
  readonly window: ReturnType<Chat['window']>;
}

/**
 * Lets two tabs of one user do things at random, and compares what they show.
 *
 * @param open - opens the shared store for another tab
 */
export async function compareTwoTabs(
  open: () => Promise<Store>,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<void> {
  const random = seededRandom(seed);
  const keys = { algorithm: 'Ed25519', metaType: '1' } as const;
  const hulkFacebook = new Facebook({ protocol, store: memoryStore() });
  const hulk = await register('hulk', { facebook: hulkFacebook, ...keys });
  const sender = new Messenger({ facebook: hulkFacebook });
  onTestFinished(() => sender.close());

  const first = await open();
  const facebook = new Facebook({ protocol, store: first });
  const moki = await register('moki', { facebook, ...keys });
  for (const [from, of, to] of [
    [hulkFacebook, hulk.id, facebook],
    [facebook, moki.id, hulkFacebook],
  ] as const) {
    const meta = await from.meta(of);
    const visa = await from.document(of);
    if (meta === undefined || visa === undefined) expect.unreachable();
    await to.saveMeta(meta, of);
    await to.saveDocument(visa, of);
  }
  await facebook.addContact(moki.id, hulk.id);

  const tabs = [await openTab(first, hulk.id.text), await openTab(await open(), hulk.id.text)];
  for (let step = 0; step < steps; step++) {
    const tab = tabs[random.integer(2)] as Tab;
    if (random.integer(3) === 0) await arrive(step);
    else await act(tab, random, step);
    if (step % 5 === 4) await compare(tabs);
  }
  await compare(tabs);

  async function arrive(step: number): Promise<void> {
    const message = await sender.pack(Text.create({ text: `from hulk ${step}` }), moki.id);
    if (isWaiting(message)) expect.unreachable();
    const tab = tabs[random.integer(2)] as Tab;
    await tab.messenger.receivedPackage(sender.serialize(message));
  }
}

async function openTab(store: Store, peer: string): Promise<Tab> {
  const facebook = new Facebook({ protocol, store });
  const chats = new Chats({ facebook });
  const failures: unknown[] = [];
  chats.on('failed', ({ error }) => failures.push(error));
  const messenger = new Messenger({ facebook, services: [chats] });
  await messenger.start();
  const chat = await chats.open(peer);
  const window = chat.window({ size: 20 });
  // Used all the time, as by a page.
  const stops = [window, chat.summary, chats.list(), chats.unread].map((live) =>
    live.subscribe(() => undefined),
  );
  onTestFinished(async () => {
    for (const stop of stops) stop();
    await messenger.close();
    expect(failures).toEqual([]);
  });
  return { messenger, chats, chat, window };
}

async function act({ chat, window }: Tab, random: SeededRandom, step: number): Promise<void> {
  const { items } = await window.ready;
  const item = items[random.integer(Math.max(1, items.length))];
  switch (random.integer(8)) {
    case 0:
    case 1:
      await chat.send(`from moki ${step}`);
      break;
    case 2:
      await chat.markRead(item?.ref);
      break;
    case 3:
      if (item !== undefined) await chat.star(item.ref, random.integer(2) === 0).catch(notHere);
      break;
    case 4:
      if (item !== undefined) await chat.react(item.ref, ['👍']).catch(notHere);
      break;
    case 5:
      await chat.setDraft({ text: `draft ${step}` });
      break;
    case 6:
      await chat.pin(random.integer(2) === 0);
      break;
    default:
      if (item !== undefined) await chat.remove([item.ref]);
  }
}

/** The other tab may have removed the message, and the notice of it may still be on its way. */
function notHere(error: unknown): void {
  expect(error).toMatchObject({ code: 'identity/not-found' });
}

async function compare(tabs: readonly Tab[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const [one, two] = await Promise.all(tabs.map(shownBy));
      expect(one).toEqual(two);
      const [tab] = tabs;
      const stored: string[] = [];
      for await (const { ref } of tab?.chat.messages() ?? []) stored.push(ref);
      expect(one?.window.items.map(({ ref }) => ref)).toEqual(
        stored.slice(-(one?.window.items.length ?? 0)),
      );
    },
    { timeout: 10_000, interval: 20 },
  );
}

async function shownBy({ chats, chat, window }: Tab) {
  return {
    list: await chats.list().ready,
    unread: await chats.unread.ready,
    summary: await chat.summary.ready,
    window: await window.ready,
  };
}
