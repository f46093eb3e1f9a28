import { createProtocol, defineExtension, isWaiting, type Protocol } from '@dimp/core';
import { memoryStore, memoryTransportPair } from '@dimp/core/memory';
import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Facebook, Messenger, register } from '../src/index.ts';

const match = { type: '204', app: 'com.example', mod: 'm', act: 'link' };
const kind = 'com.example/link';
const toURL = (text: string): URL => new URL(text);
/** The machine may be busy: nothing is proven by the time it takes. */
const LONG = { timeout: 20_000 };
const recurse = (text: string): unknown => [recurse(text)];

/** Content types that read the member `url` in a way that fails for some texts. */
const poisoned = {
  'zod, transform that throws': defineContent({
    kind,
    match,
    schema: z.object({ url: z.string().transform(toURL) }),
  }),
  'valibot, transform that throws': defineContent({
    kind,
    match,
    schema: v.object({ url: v.pipe(v.string(), v.transform(toURL)) }),
  }),
  'arktype, morph that throws': defineContent({
    kind,
    match,
    schema: type({ url: type('string').pipe((text) => toURL(text)) }),
  }),
  'valibot, rejected promise in the result': defineContent({
    kind,
    match,
    schema: v.object({
      url: v.pipe(
        v.string(),
        v.transform(async (text) => toURL(text)),
      ),
    }),
  }),
  'valibot, asynchronous': defineContent({
    kind,
    match,
    schema: v.objectAsync({
      url: v.pipeAsync(
        v.string(),
        v.transformAsync(async (text) => toURL(text)),
      ),
    }),
  }),
  'endless recursion': defineContent({
    kind,
    match,
    schema: v.object({ url: v.pipe(v.string(), v.transform(recurse)) }),
  }),
};
/** What an attacker has. */
const Link = defineContent({ kind, match, schema: z.object({ url: z.string() }) });

async function person<P extends Protocol>(name: string, protocol: P) {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const user = await register(name, { facebook });
  return { facebook, user, messenger: new Messenger({ facebook }) };
}

async function acquaint(
  from: Pick<Awaited<ReturnType<typeof person>>, 'user'>,
  to: { readonly facebook: Pick<Facebook, 'saveMeta' | 'saveDocument'> },
): Promise<void> {
  const [meta, visa] = [await from.user.meta(), await from.user.visa()];
  if (meta === undefined || visa === undefined) expect.unreachable();
  await to.facebook.saveMeta(meta.wire, from.user.id);
  await to.facebook.saveDocument(visa.wire, from.user.id);
}

describe('a message on which a plug-in fails is refused alone', () => {
  test.each(Object.entries(poisoned))(
    'the connection stays, and what comes behind it arrives: schema of %s',
    async (_, Poisoned) => {
      const writer = createProtocol(standard(), defineExtension({ name: 'x', contents: [Link] }));
      const reader = createProtocol(
        standard(),
        defineExtension({ name: 'x', contents: [Poisoned] }),
      );
      const [anna, bert] = [await person('anna', writer), await person('bert', reader)];
      await acquaint(anna, bert);
      await acquaint(bert, anna);
      const texts: string[] = [];
      bert.messenger.handle(Text, ({ content }) => {
        texts.push(content.body.text);
      });
      const [near, far] = memoryTransportPair();
      const ended = vi.fn();
      bert.messenger.connect(far).then(ended, ended);
      for (const draft of [Link.create({ url: 'not a url' }), Text.create({ text: 'behind' })]) {
        const message = await anna.messenger.pack(draft, bert.user.id);
        if (isWaiting(message)) expect.unreachable();
        await near.send(anna.messenger.serialize(message));
      }
      await vi.waitFor(() => expect(texts).toEqual(['behind']), LONG);
      expect(ended).not.toHaveBeenCalled();
      await bert.messenger.close();
    },
  );

  test('the key of a stranger that its algorithm cannot read', async () => {
    const odd = {
      kind: 'key-pair',
      name: 'ODD',
      generate: () => Promise.reject(new Error('not needed')),
      parsePrivate: () => {
        throw new Error('not needed');
      },
      parsePublic: () => {
        throw new TypeError('Cannot read properties of undefined');
      },
    } as const;
    const reader = createProtocol(standard(), defineExtension({ name: 'odd', keys: [odd] }));
    const [anna, bert] = [
      await person('anna', createProtocol(standard())),
      await person('bert', reader),
    ];
    await acquaint(bert, anna);
    const refused: string[] = [];
    bert.messenger.on('refused', ({ error }) => {
      refused.push(error.code);
      throw new Error('from a listener');
    });
    const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const [near, far] = memoryTransportPair();
    const ended = vi.fn();
    bert.messenger.connect(far).then(ended, ended);
    const message = await anna.messenger.pack(Text.create({ text: 'x' }), bert.user.id, {
      attachMeta: true,
      attachVisa: true,
    });
    if (isWaiting(message)) expect.unreachable();
    const wire = JSON.parse(utf8Decode(anna.messenger.serialize(message)));
    for (let i = 0; i < 2; i++) {
      await near.send(
        utf8Encode(JSON.stringify({ ...wire, meta: { ...wire.meta, key: { algorithm: 'ODD' } } })),
      );
    }
    await vi.waitFor(() => expect(refused).toHaveLength(2), LONG);
    expect(refused).toEqual(['crypto/key', 'crypto/key']);
    expect(ended).not.toHaveBeenCalled();
    expect(shown).toHaveBeenCalledTimes(2);
    shown.mockRestore();
    await bert.messenger.close();
  });
});
