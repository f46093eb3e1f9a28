import { simulatedWorld } from '@dimp/testing/client';
import { seededRandom } from '@dimp/testing/network';
import { expect, test, vi } from 'vitest';
import type { DimClient } from '../../src/client.ts';
import { connectClient, type MessagePortLike, portChannel, serveClient } from '../../src/port.ts';

/** Another user of a client, in what could be another page or program. */
function userOf(client: DimClient): DimClient {
  const { port1, port2 } = new MessageChannel();
  serveClient(client, portChannel(port1 as MessagePortLike));
  return connectClient(portChannel(port2 as MessagePortLike));
}

test.each([1, 2, 3])(
  'two users of one client show the same lists, unread counts and windows after random actions in both (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const world = await simulatedWorld({ people: ['ana', 'bo', 'carl'], seed });
    const { ana, bo, carl } = world;
    const users = [userOf(ana.client), userOf(ana.client)] as const;
    const peers = [bo.id, carl.id];
    for (const peer of peers) await ana.client.contacts.add(peer);
    await world.settle();
    const views = users.map((client) => ({
      list: client.chats.list(),
      archived: client.chats.list({ archived: true }),
      unread: client.chats.unread,
      contacts: client.contacts.list,
    }));
    for (const view of views) {
      for (const live of Object.values(view)) live.subscribe(() => undefined);
    }
    const windows = await Promise.all(
      users.map(async (client) => {
        const chat = await client.chats.open(bo.id);
        const window = chat.window({ size: 10 });
        window.subscribe(() => undefined);
        return window;
      }),
    );
    const refs: string[] = [];
    const act = async (): Promise<void> => {
      const client = users[random.integer(2)] ?? users[0];
      const chat = await client.chats.open(peers[random.integer(2)] ?? bo.id);
      const ref = refs[random.integer(Math.max(1, refs.length))];
      switch (random.integer(12)) {
        case 0:
        case 1:
          refs.push((await chat.send(`text ${refs.length}`)).ref);
          break;
        case 2:
          await bo.say('ana', 'from Bo');
          break;
        case 3:
          await carl.say('ana', 'from Carl');
          break;
        case 4:
          await chat.markRead();
          break;
        case 5:
          await chat.pin(random.integer(2) === 0);
          break;
        case 6:
          await chat.archive(random.integer(2) === 0);
          break;
        case 7:
          await chat.setDraft(random.integer(2) === 0 ? undefined : { text: 'unfinished' });
          break;
        case 8:
          await chat.mute(random.integer(2) === 0 ? undefined : Number.POSITIVE_INFINITY);
          break;
        case 9:
          await chat.markUnread();
          break;
        case 10: {
          const own = ref === undefined ? undefined : await chat.message(ref);
          if (own !== undefined) await chat.react(own.ref, ['👍']);
          break;
        }
        default:
          await windows[random.integer(2)]?.jump('newest');
      }
      if (random.integer(4) === 0) await world.settle();
    };
    for (let count = 0; count < 40; count++) await act();
    await world.settle();
    for (const window of windows) await window.jump('newest');
    const shown = (client: DimClient) => [
      client.chats.list().ready,
      client.chats.list({ archived: true }).ready,
      client.chats.unread.ready,
      client.contacts.list.ready,
    ];
    const truth = await Promise.all(shown(ana.client));
    await vi.waitFor(() => {
      for (const { list, archived, unread, contacts } of views) {
        expect([list.current, archived.current, unread.current, contacts.current]).toEqual(truth);
      }
    });
    const local = (await ana.client.chats.open(bo.id)).window({ size: 10 });
    const page = await local.ready;
    await vi.waitFor(() => {
      const items = windows.map((window) => window.current?.items.slice(-10));
      expect(items).toEqual([page.items, page.items]);
    });
    await Promise.all(users.map((client) => client.close()));
    await world.close();
  },
);
