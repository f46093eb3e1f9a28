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

/** Account of a client. */
export interface Account {
  readonly name: string;
  /** Folder of the store. */
  readonly path: string;
  readonly passphrase: string;
  /** Texts shown to the user. Stands for a screen, and outlives the client. */
  readonly screen: string[];
}

/** Starts a client. The first start creates its identity in the store; later starts load it. */
export async function openClient({ name, path, passphrase, screen }: Account, relay: Relay) {
  // LMDB stores the records encrypted: the disk does not even reveal whose messages they are.
  const files = await lmdbStore({ path });
  const store = await encryptedStore(files, { passphrase }).catch(async (error: unknown) => {
    await files.close();
    throw error;
  });
  const facebook = new Facebook({ protocol, store });
  const user = await ensureUser(name, { facebook });

  // Add handlers before connecting, because waiting messages arrive at once.
  const messenger = new Messenger({ facebook });
  messenger.on('refused', ({ error }) => console.error(`${name} refuses: ${error.code}`));
  messenger.on('failed', ({ error }) => console.error(error));
  messenger.handle(Greeting, ({ content }) =>
    Text.create({ text: `${content.body.mood}? Me too.` }),
  );
  const showing = (async () => {
    // Messages without a handler. Requesting the next message confirms the previous one.
    for await (const { content, envelope } of messenger.messages()) {
      if (content.kind !== 'text') continue;
      screen.push(content.body.text);
      console.log(`  ${name} reads: ${envelope.sender.name} says "${content.body.text}"`);
    }
  })();
  const line = relay.connect(user.id);
  const connected = messenger.connect(line);

  /** Closes everything in reverse order: connection, pending work, messenger, store. */
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

/** A running client. */
export type Client = Awaited<ReturnType<typeof openClient>>;
