import { Block } from '@dimp/extensions/commands';
import { ANY_STATION, type ID } from '@dimp/mkm';
import type { Account } from './account.ts';

/** Refuses messages of a peer here, and tells the station whose messages the user refuses. */
export async function block(account: Account, peer: ID, on: boolean): Promise<void> {
  const { history, parts, user } = account;
  await history.change(peer.entity, account.kindOf(peer), async (edit) => {
    edit.set({ blocked: on || undefined });
  });
  const { types } = parts.facebook.protocol.contents;
  if (!types.some(({ kind }) => kind === Block.kind)) return;
  const list = (await account.list.all())
    .filter(([, chat]) => chat.blocked)
    .map(([id]) => account.id(id));
  await parts.host.send(Block.create({ list }), ANY_STATION, { sender: user });
}
