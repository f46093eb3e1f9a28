import { ensureUser, Facebook, Messenger } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { createProtocol, type Store } from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { connectTcp } from '@dimp/transport-tcp';

export const protocol = createProtocol(standard());

/** Where a station is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Starts a bot that says what it hears. Its identity is in the store: the next time it is the same bot. */
export async function startBot(store: Store, { host, port }: Place) {
  const facebook = new Facebook({ protocol, store });
  const user = await ensureUser('echo', { facebook });
  // A public bot answers everybody: strangers with older programs get receipts, too.
  const messenger = new Messenger({ facebook, receipts: 'everybody' });

  // In front of all handlers: a log, and no more than one answer at a time to anybody.
  const busy = new Set<string>();
  messenger.use(async ({ envelope: { sender }, content }, next) => {
    console.log(`${sender.name} sends a ${content.kind}`);
    if (busy.has(sender.entity)) return Text.create({ text: 'One after the other, please.' });
    busy.add(sender.entity);
    return next().finally(() => busy.delete(sender.entity));
  });
  // What a handler returns is sent to whoever wrote.
  messenger.handle(Text, ({ content }) => Text.create({ text: content.body.text }));

  const session = new StationSession({
    messenger,
    stations: [{ connect: connectTcp({ host, port }), host, port }],
  });
  session.on('state', ({ state, error }) => console.log(`bot: ${state}`, error?.code ?? ''));
  await session.start();
  return { user, facebook, messenger, session };
}
