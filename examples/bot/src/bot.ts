import { ensureUser, Facebook, Messenger } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { createProtocol, type Store } from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { connectTcp } from '@dimp/transport-tcp';

export const protocol = createProtocol(standard());

/** Address of a station. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Starts an echo bot. Its identity is in the store, so that later starts run the same bot. */
export async function startBot(store: Store, { host, port }: Place) {
  const facebook = new Facebook({ protocol, store });
  const user = await ensureUser('echo', { facebook });
  // A public bot sends receipts to all peers, including strangers with older programs.
  const messenger = new Messenger({ facebook, receipts: 'everybody' });

  // Middleware before all handlers: logs each message, and limits each sender to one answer at a time.
  const busy = new Set<string>();
  messenger.use(async ({ envelope: { sender }, content }, next) => {
    console.log(`${sender.name} sends a ${content.kind}`);
    if (busy.has(sender.entity)) return Text.create({ text: 'One after the other, please.' });
    busy.add(sender.entity);
    return next().finally(() => busy.delete(sender.entity));
  });
  // The result of a handler is sent to the sender.
  messenger.handle(Text, ({ content }) => Text.create({ text: content.body.text }));

  const session = new StationSession({
    messenger,
    stations: [{ connect: connectTcp({ host, port }), host, port }],
  });
  session.on('state', ({ state, error }) => console.log(`bot: ${state}`, error?.code ?? ''));
  await session.start();
  return { user, facebook, messenger, session };
}
