import { createProtocol, defineExtension, isWaiting, type Protocol } from '@dimp/core';
import { memoryStore, memoryTransportPair } from '@dimp/core/memory';
import type { AnyKeyAlgorithm, EncryptKey, KeyWire, Signer } from '@dimp/crypto';
import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createGroup, Facebook, Messenger, register } from '../src/index.ts';

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

/** Keys that do with every use what the test says. */
function oddAlgorithm(uses: { encrypt?: () => Uint8Array; verify?: () => unknown }) {
  const publicKey = (wire: KeyWire) => ({
    algorithm: 'ODD',
    material: utf8Encode(String(wire['data'])),
    // What addresses of type 4 are made of.
    addressData: Uint8Array.from({ length: 65 }, (_, index) => (index === 0 ? 4 : index)),
    maxPlaintext: 500,
    toWire: () => wire,
    encrypt: uses.encrypt ?? (() => new Uint8Array(1)),
    // As JavaScript would let it.
    verify: (uses.verify ?? (() => false)) as () => boolean,
  });
  const privateKey = (wire: KeyWire) => ({
    algorithm: 'ODD',
    publicKey: publicKey(wire),
    toWire: () => wire,
    sign: () => new Uint8Array(64),
    decrypt: () => new Uint8Array(1),
  });
  return {
    kind: 'key-pair',
    name: 'ODD',
    generate: () => privateKey({ algorithm: 'ODD', data: 'odd' }),
    parsePrivate: privateKey,
    parsePublic: publicKey,
  } satisfies AnyKeyAlgorithm & { generate(): Signer & { publicKey: EncryptKey } };
}

function oddProtocol(uses: Parameters<typeof oddAlgorithm>[0]) {
  return createProtocol(standard(), defineExtension({ name: 'odd', keys: [oddAlgorithm(uses)] }));
}

const failing = (): never => {
  throw new TypeError('Cannot read properties of undefined');
};

describe('a key that fails', () => {
  test('to encrypt for one member does not keep the message from others, and delays no later one', async () => {
    const odd = oddProtocol({ encrypt: failing });
    const [anna, bert, eve] = [
      await person('anna', odd),
      await person('bert', createProtocol(standard())),
      await person('eve', odd),
    ];
    await acquaint(bert, anna);
    await acquaint(anna, bert);
    await eve.facebook.rotateMessageKey(eve.user.id, 'ODD');
    await acquaint(eve, anna);
    const group = await createGroup('team', {
      facebook: anna.facebook,
      founder: anna.user.id,
      members: [bert.user.id, eve.user.id],
    });
    const meta = await group.meta();
    if (meta === undefined) expect.unreachable();
    await bert.facebook.saveMeta(meta.wire, group.id);
    await bert.facebook.saveMembers(group.id, await group.members());
    const texts: string[] = [];
    bert.messenger.handle(Text, ({ content }) => {
      texts.push(content.body.text);
    });
    const [near, far] = memoryTransportPair();
    const ended = vi.fn();
    anna.messenger.connect(near).then(ended, ended);
    bert.messenger.connect(far).then(ended, ended);
    for (const form of ['hidden', 'split', 'whole'] as const) {
      await anna.messenger.send(Text.create({ text: form }), group.id, { form });
    }
    await expect(anna.messenger.send(Text.create({ text: 'x' }), eve.user.id)).rejects.toThrow(
      expect.objectContaining({ code: 'crypto/key' }),
    );
    await anna.messenger.send(Text.create({ text: 'behind' }), bert.user.id);
    await vi.waitFor(
      () => expect([...texts].sort()).toEqual(['behind', 'hidden', 'split', 'whole']),
      LONG,
    );
    expect(ended).not.toHaveBeenCalled();
    for (const { messenger } of [anna, bert, eve]) await messenger.close();
  });

  test('to sign a receipt does not end the connection', async () => {
    const protocol = createProtocol(standard());
    const [anna, bert] = [await person('anna', protocol), await person('bert', protocol)];
    await acquaint(anna, bert);
    await acquaint(bert, anna);
    const signer = await bert.facebook.requireSigner(bert.user.id);
    // A hardware token that was unplugged.
    vi.spyOn(bert.facebook, 'requireSigner').mockResolvedValue({
      algorithm: signer.algorithm,
      publicKey: signer.publicKey,
      sign: failing,
    });
    const failures: unknown[] = [];
    bert.messenger.on('failed', ({ error }) => failures.push(error));
    const texts: string[] = [];
    bert.messenger.handle(Text, ({ content }) => {
      texts.push(content.body.text);
    });
    const [near, far] = memoryTransportPair();
    const ended = vi.fn();
    bert.messenger.connect(far).then(ended, ended);
    anna.messenger.connect(near).then(ended, ended);
    for (const text of ['one', 'two']) {
      await anna.messenger.send(Text.create({ text }), bert.user.id);
    }
    await vi.waitFor(() => expect(texts).toEqual(['one', 'two']), LONG);
    await vi.waitFor(() => expect(failures).toHaveLength(2), LONG);
    expect(failures[0]).toMatchObject({ code: 'crypto/unavailable' });
    expect(ended).not.toHaveBeenCalled();
    await anna.messenger.close();
    await bert.messenger.close();
  });

  test('and answers the question for a signature with something that is not true has not verified it', async () => {
    const answers: unknown[] = [];
    const odd = oddProtocol({ verify: () => (answers.length > 0 ? answers.shift() : true) });
    const facebook = new Facebook({ protocol: odd, store: memoryStore() });
    const user = await register('eve', { facebook, algorithm: 'ODD', metaType: '4' });
    const eve = { facebook, user, messenger: new Messenger({ facebook }) };
    const bert = await person('bert', odd);
    await acquaint(bert, eve);
    answers.push('yes', 1, {}, Promise.resolve('yes'));
    const refused: string[] = [];
    bert.messenger.on('refused', ({ error }) => refused.push(error.code));
    const [near, far] = memoryTransportPair();
    const ended = vi.fn();
    bert.messenger.connect(far).then(ended, ended);
    for (let i = 0; i < 4; i++) {
      const message = await eve.messenger.pack(Text.create({ text: `${i}` }), bert.user.id, {
        attachMeta: true,
      });
      if (isWaiting(message)) expect.unreachable();
      await near.send(eve.messenger.serialize(message));
    }
    await vi.waitFor(() => expect(refused).toHaveLength(4), LONG);
    expect(refused).toEqual(Array(4).fill('crypto/signature'));
    expect(answers).toEqual([]);
    await bert.messenger.close();
  });
});
