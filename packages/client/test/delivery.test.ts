import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import type { ID } from '@dimp/mkm';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import {
  Facebook,
  type IncomingMessage,
  Messenger,
  type MessengerOptions,
  register,
} from '../src/index.ts';
import { introduce, protocol } from './people.ts';

test('smoke', async () => {
  const make = async (name: string) => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const user = await register(name, { facebook, algorithm: 'ECC' });
    return { facebook, user, messenger: undefined as never };
  };
  const [moki, hulk] = [await make('moki'), await make('hulk')];
  await introduce(moki, hulk);
  let h: Messenger<typeof protocol>;
  const m = new Messenger({
    facebook: moki.facebook,
    sendPackage: async (bytes) => {
      for (const back of await h.receivedPackage(bytes)) await m.receivedPackage(back);
    },
  });
  h = new Messenger({ facebook: hulk.facebook, sendPackage: async () => {} });
  m.on('refused', (e) => console.log('m refused', e));
  h.on('refused', (e) => console.log('h refused', e));
  m.on('failed', (e) => console.log('m failed', e));
  h.on('failed', (e) => console.log('h failed', e));
  const shown: IncomingMessage[] = [];
  h.handle(Text, (message) => {
    shown.push(message);
  });
  const d = await m.send(Text.create({ text: 'hi' }), hulk.user.id);
  d.on('state', (s) => console.log(s.state));
  await d.reached('received');
  const d2 = await m.send(Text.create({ text: 'hi' }), hulk.user.id);
  expect(await d2.settled).toBe('received');
  expect(shown).toHaveLength(2);
  for await (const [k, v] of moki.facebook.store.list([])) console.log(k.join(' '), v.length);
  for await (const [k, v] of hulk.facebook.store.list([])) console.log(k.join(' '), v.length);
});
