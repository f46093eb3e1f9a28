import type { Store } from '@dimp/core';
import type { ID } from '@dimp/mkm';
import type { BlockList } from '../contacts/contact-book.ts';
import { readChat } from '../history/reading.ts';
import type { ChatsApi } from '../model/chats.ts';

/** Who is blocked, as the conversations know it. */
export function blockList(chats: ChatsApi, store: Store, user: ID): BlockList {
  return {
    // Not from the lists: they leave out conversations without messages.
    async isBlocked({ entity }) {
      const chat = await readChat(store, { user: user.entity, id: entity });
      return chat?.blocked === true;
    },
    watch(changed) {
      const lists = [chats.list(), chats.list({ archived: true }), chats.list({ requests: true })];
      const stops = lists.map((list) => list.subscribe(changed));
      return () => {
        for (const stop of stops) stop();
      };
    },
    async block(peer, on) {
      await (await chats.open(peer.text)).block(on);
    },
    async accept(peer) {
      const chat = await chats.open(peer.text);
      const { request } = await chat.summary.ready;
      if (request !== undefined) await chat.accept();
    },
  };
}
