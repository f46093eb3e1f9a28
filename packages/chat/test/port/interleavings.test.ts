import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type Channel, channelPair, connectClient, serveClient } from '../../src/port.ts';
import { FakeClient, messageOf, summaryOf } from './fake-client.ts';

/** A channel that hands messages on when the test says so, in their order. */
function slow(channel: Channel) {
  const waiting: unknown[] = [];
  let listener: Channel['onMessage'];
  channel.onMessage = (message) => waiting.push(message);
  const slowed: Channel = {
    post: (message) => channel.post(structuredClone(message)),
    close: () => channel.close(),
    get onMessage() {
      return listener;
    },
    set onMessage(each) {
      listener = each;
    },
    get onClose() {
      return channel.onClose;
    },
    set onClose(each) {
      channel.onClose = each;
    },
  };
  const deliver = (count: number): void => {
    for (const message of waiting.splice(0, count)) listener?.(message);
  };
  return { slowed, deliver };
}

const action = fc.oneof(
  fc.record({ kind: fc.constant('conversations' as const), ids: fc.uniqueArray(fc.nat(9)) }),
  fc.record({ kind: fc.constant('page' as const), ids: fc.uniqueArray(fc.nat(9)) }),
  fc.record({ kind: fc.constant('deliver' as const), count: fc.nat(5), toServer: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('listen' as const, 'unlisten' as const) }),
  fc.record({ kind: fc.constantFrom('open' as const, 'close' as const) }),
  fc.record({ kind: fc.constantFrom('call' as const, 'abort' as const, 'turn' as const) }),
);

test('after any interleaving of changes, calls, aborts and delays, both sides show the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const fake = new FakeClient();
      fake.attachment = (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        });
      const [left, right] = channelPair();
      const [ours, theirs] = [slow(left), slow(right)];
      const serving = serveClient(fake.client, theirs.slowed);
      const client = connectClient(ours.slowed);
      const all = async (): Promise<void> => {
        for (let round = 0; round < 5; round++) {
          theirs.deliver(1000);
          await new Promise((resolve) => setTimeout(resolve, 1));
          ours.deliver(1000);
        }
      };
      const opening = client.chats.open('hulk');
      await all();
      const chat = await opening;
      const list = client.chats.list();
      const windows: ReturnType<typeof chat.window>[] = [];
      const stops: (() => void)[] = [];
      const aborts: AbortController[] = [];
      const calls: Promise<unknown>[] = [];
      let revision = 0;
      for (const each of actions) {
        revision += 1;
        if (each.kind === 'conversations') {
          fake.conversations.set(
            each.ids.map((id) => summaryOf(`c${id}`, { unread: revision % 3 })),
          );
        } else if (each.kind === 'page') {
          const items = each.ids.map((id) => messageOf(`m${id}`, { text: `${revision % 4}` }));
          fake.page.set({ items, hasOlder: revision % 2 === 0, hasNewer: false });
        } else if (each.kind === 'deliver') {
          (each.toServer ? theirs : ours).deliver(each.count);
        } else if (each.kind === 'listen') stops.push(list.subscribe(() => undefined));
        else if (each.kind === 'unlisten') stops.pop()?.();
        else if (each.kind === 'open') {
          const window = chat.window();
          window.subscribe(() => undefined);
          windows.push(window);
        } else if (each.kind === 'close') void windows.pop()?.close();
        else if (each.kind === 'call') {
          const abort = new AbortController();
          aborts.push(abort);
          calls.push(chat.attachment('a', { signal: abort.signal }).catch(() => undefined));
        } else if (each.kind === 'abort') aborts.pop()?.abort();
        else await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const stop = list.subscribe(() => undefined);
      for (const abort of aborts) abort.abort();
      await vi.waitFor(
        async () => {
          await all();
          expect(list.current).toEqual(fake.conversations.value);
          for (const window of windows) expect(window.current).toEqual(fake.page.value);
          expect(fake.openWindows).toBe(windows.length);
        },
        { interval: 1 },
      );
      await Promise.all(calls);
      stop();
      serving.close();
      await all();
      expect(fake.openWindows).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('ten thousand values that are watched and left again leave nothing behind', async () => {
  const fake = new FakeClient();
  const [ours, theirs] = channelPair();
  serveClient(fake.client, theirs);
  const client = connectClient(ours);
  const chat = await client.chats.open('hulk');
  for (let count = 0; count < 10_000; count += 100) {
    const windows = Array.from({ length: 100 }, () => chat.window());
    const stops = windows.map((window) => window.subscribe(() => undefined));
    await windows[99]?.ready;
    for (const stop of stops) stop();
    await Promise.all(windows.map((window) => window.close()));
  }
  await vi.waitFor(() => expect(fake.openWindows).toBe(0));
  await client.close();
});
