import type { Protocol } from '@dimp/core';
import type { BlockList } from '../contacts/contact-book.ts';
import type { ChatsApi } from '../model/chats.ts';

/** Who is blocked, as the conversations know it. */
export function blockList(chats: ChatsApi, protocol: Protocol): BlockList {
  const lists = [chats.list(), chats.list({ archived: true }), chats.list({ requests: true })];
  return {
    async blocked() {
      const entities = new Set<string>();
      for (const list of lists) {
        for (const { id, blocked } of await list.ready) {
          if (blocked) entities.add(protocol.parseID(id).entity);
        }
      }
      return entities;
    },
    watch(changed) {
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
