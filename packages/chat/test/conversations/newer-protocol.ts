import { Facebook, Messenger } from '@dimp/client';
import { createProtocol as create, defineExtension } from '@dimp/core';
import { defineContent } from '@dimp/dkd';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { object, string } from '@dimp/foundation/schema';
import { onTestFinished } from 'vitest';
import { type ChatMessage, Chats } from '../../src/index.ts';
import type { Person } from './world.ts';

/** A content type that programs of the tests do not know. */
export const type77 = defineContent({
  kind: 'com.example/77',
  match: { type: '77' },
  schema: () => object({ text: string }),
});

/** A protocol that knows one more content type. */
export function createProtocol(type: typeof type77) {
  return create(standard(), chat(), defineExtension({ name: 'newer', contents: [type] }));
}

/** The last message of the only conversation, as a newer program over the same store shows it. */
export async function memoryOf(
  person: Person,
  protocol: ReturnType<typeof createProtocol>,
): Promise<ChatMessage | undefined> {
  await person.messenger.close();
  const facebook = new Facebook({ protocol, store: person.durable });
  const chats = new Chats({ facebook });
  const messenger = new Messenger({ facebook, services: [chats] });
  onTestFinished(() => messenger.close());
  await messenger.start();
  const [summary] = await chats.list().ready;
  const conversation = await chats.open(summary?.id ?? '');
  const window = conversation.window();
  for await (const { items } of window) {
    const last = items.at(-1);
    if (last?.kind !== 'unknown') return last;
  }
  return undefined;
}
