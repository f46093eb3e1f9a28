import { ensureUser, Facebook, Messenger } from '@dimp/client';
import { createProtocol, defineExtension } from '@dimp/core';
import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { literal, object } from '@dimp/foundation/schema';
import { encryptedStore } from '@dimp/store-encrypted';
import { lmdbStore } from '@dimp/store-lmdb';
import type { Relay } from './relay.ts';

/** A content type of this application. */
export const Greeting = defineContent({
  kind: 'com.example/greeting',
  match: { type: '204', app: 'com.example', mod: 'chat', act: 'greet' },
  schema: object({ mood: literal('happy', 'sad') }),
  fallback: ({ mood }) => `feels ${mood}`,
});

export const protocol = createProtocol(
  standard(),
  defineExtension({ name: 'com.example', contents: [Greeting] }),
);

/** Where a client lives, and whose it is. */
export interface Account {
  readonly name: string;
  /** Folder of the store. */
  readonly path: string;
  readonly passphrase: string;
  /** What its user has been shown. It stands for a screen, and outlives the client. */
  readonly screen: string[];
}

/** Starts a client: everything it knows is in its store. The first time it makes an identity, later it finds it there. */
export async function openClient({ name, path, passphrase, screen }: Account, relay: Relay) {
  // LMDB keeps the records, and below it nobody can read them: not even whose messages they are.
  const files = await lmdbStore({ path });
  const store = await encryptedStore(files, { passphrase }).catch(async (error: unknown) => {
    await files.close();
    throw error;
  });
  const facebook = new Facebook({ protocol, store });
  const user = await ensureUser(name, { facebook });

  // Handlers first, then the connection: what waits from an earlier life comes at once.
  const messenger = new Messenger({ facebook });
  messenger.on('refused', ({ error }) => console.error(`${name} refuses: ${error.code}`));
  messenger.on('failed', ({ error }) => console.error(error));
  messenger.handle(Greeting, ({ content }) =>
    Text.create({ text: `${content.body.mood}? Me too.` }),
  );
  const showing = (async () => {
    // What no handler takes. Asking for the next one says that this one is done with.
    for await (const { content, envelope } of messenger.messages()) {
      if (content.kind !== 'text') continue;
      screen.push(content.body.text);
      console.log(`  ${name} reads: ${envelope.sender.name} says "${content.body.text}"`);
    }
  })();
  const line = relay.connect(user.id);
  const connected = messenger.connect(line);

  /** Ends in the opposite order: the line, what still came over it, the messenger, the store. */
  const close = async (): Promise<void> => {
    await line.close();
    await connected;
    await messenger.idle();
    await messenger.close();
    await showing;
    await facebook.close();
    await store.close();
  };
  return { user, facebook, messenger, close };
}

/** A client that is running. */
export type Client = Awaited<ReturnType<typeof openClient>>;
