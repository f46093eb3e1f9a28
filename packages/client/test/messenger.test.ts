import { isWaiting } from '@dimp/core';
import { type Dialect, deployed, next, seed } from '@dimp/core/dialects';
import { Text } from '@dimp/extensions/contents';
import { utf8Decode } from '@dimp/foundation';
import { ANYONE, EntityType } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { createGroup, Messenger } from '../src/index.ts';
import { introduce, newUser, packed } from './people.ts';

const algorithms = [
  { algorithm: 'RSA', metaType: '1' },
  { algorithm: 'ECC', metaType: '4' },
  { algorithm: 'ECC', metaType: '2' },
  { algorithm: 'Ed25519', metaType: '1' },
];

describe.each(algorithms)('a user with $algorithm and meta type $metaType', (options) => {
  test('reaches another user in every dialect', async () => {
    const moki = await newUser('moki', options);
    const hulk = await newUser('hulk', { algorithm: 'ECC' });
    await introduce(moki, hulk);
    for (const dialect of [deployed, next, seed]) {
      const bytes = await packed(moki, Text.create({ text: `in ${dialect.name}` }), hulk.user.id, {
        dialect,
      });
      const received = await hulk.messenger.unpack(bytes);
      if (isWaiting(received)) expect.unreachable();
      expect(received.content.kind).toBe('text');
      expect(received.content.body).toEqual({ text: `in ${dialect.name}` });
      expect(received.envelope.sender.entity).toBe(moki.user.id.entity);
    }
  });
});

test('a message to a receiver without a visa waits for the visa', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  const outcome = await moki.messenger.pack(Text.create({ text: 'hi' }), hulk.user.id);
  expect(outcome).toMatchObject({ status: 'waiting', for: 'visa', id: hulk.user.id });
});

test('a message of a stranger waits for their meta, and opens when the meta is attached', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(hulk, moki, 'one way');
  const draft = Text.create({ text: 'first contact' });
  const silent = await hulk.messenger.unpack(await packed(moki, draft, hulk.user.id));
  expect(silent).toMatchObject({ status: 'waiting', for: 'meta' });
  const attached = await packed(moki, draft, hulk.user.id, { attachMeta: true, attachVisa: true });
  const received = await hulk.messenger.unpack(attached);
  expect(isWaiting(received)).toBe(false);
  expect(await hulk.facebook.document(moki.user.id)).toMatchObject({ type: 'visa' });
});

test('a broadcast is plain text', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  const bytes = await packed(moki, Text.create({ text: 'to all' }), ANYONE);
  const wire = JSON.parse(utf8Decode(bytes));
  expect(JSON.parse(wire.data)).toMatchObject({ type: 1, text: 'to all' });
  expect(wire).not.toHaveProperty('key');
  const received = await hulk.messenger.unpack(bytes);
  expect(received).toMatchObject({ content: { kind: 'text', body: { text: 'to all' } } });
});

describe.each(['hidden', 'split', 'whole'] as const)('a %s group message', (form) => {
  test('is read by all members and by no other user', async () => {
    const [moki, hulk, monkey, stranger] = await Promise.all(
      ['moki', 'hulk', 'monkey', 'stranger'].map((name) => newUser(name, { algorithm: 'ECC' })),
    );
    if (!moki || !hulk || !monkey || !stranger) expect.unreachable();
    await introduce(moki, hulk, monkey, stranger);
    const group = await createGroup('readers', {
      facebook: moki.facebook,
      founder: moki.user.id,
      members: [hulk.user.id, monkey.user.id],
    });
    expect((await group.owner())?.entity).toBe(moki.user.id.entity);
    for (const person of [hulk, monkey]) {
      await person.facebook.saveMeta((await group.meta())!, group.id);
      await person.facebook.saveMembers(group.id, await group.members());
    }
    const draft = Text.create({ text: 'to the group' });
    const messages = await moki.messenger.packForGroup(draft, group.id, { form });
    if (isWaiting(messages)) expect.unreachable();
    expect(messages).toHaveLength(form === 'whole' ? 1 : 2);
    const bytes = messages.map((each) => moki.messenger.serialize(each));
    for (const [index, person] of [hulk, monkey].entries()) {
      const received = await person.messenger.unpack(bytes[form === 'whole' ? 0 : index]!);
      if (isWaiting(received)) expect.unreachable();
      expect(received.content.body).toEqual({ text: 'to the group' });
      expect(received.content.group?.entity).toBe(group.id.entity);
    }
    await expect(stranger.messenger.unpack(bytes[0]!)).rejects.toMatchObject({
      code: 'identity/not-found',
    });
  });
});

test('split copies are spelled for the peers they go to', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  const group = await createGroup('readers', {
    facebook: moki.facebook,
    founder: moki.user.id,
    members: [hulk.user.id],
  });
  const copyIn = async (dialect: Dialect): Promise<Record<string, unknown>> => {
    const draft = Text.create({ text: dialect.name });
    const options = { form: 'split', dialect } as const;
    const messages = await moki.messenger.packForGroup(draft, group.id, options);
    if (isWaiting(messages)) expect.unreachable();
    const bytes = moki.messenger.serialize(messages[0]!);
    const received = await hulk.messenger.unpack(bytes);
    expect(received).toMatchObject({ content: { body: { text: dialect.name } } });
    return JSON.parse(utf8Decode(bytes));
  };
  const { entity } = hulk.user.id;
  const shown = { receiver: entity, group: group.id.text };
  const today = await copyIn(deployed);
  expect(today).toMatchObject({ ...shown, type: '1', key: expect.any(String) });
  expect(today['keys']).toEqual({ [entity]: today['key'] });
  const old = await copyIn(seed);
  expect(old).toMatchObject({ ...shown, type: 1, key: expect.any(String) });
  expect(old).not.toHaveProperty('keys');
  expect(await copyIn(next)).toMatchObject({
    R: entity,
    G: group.id.text,
    K: { [entity]: expect.any(String) },
  });
});

test('a chatroom and a bot get the classes of their kind', async () => {
  const bot = await newUser('scribe', { algorithm: 'ECC', network: EntityType.Bot });
  expect(bot.user.constructor.name).toBe('Robot');
  const room = await createGroup('room', {
    facebook: bot.facebook,
    founder: bot.user.id,
    members: [],
    network: EntityType.Chatroom,
  });
  expect(room.constructor.name).toBe('Chatroom');
});

test('a machine without users cannot send', async () => {
  const { facebook } = await newUser('moki', { algorithm: 'ECC' });
  const { protocol } = facebook;
  const { memoryStore } = await import('@dimp/core/memory');
  const { Facebook } = await import('../src/index.ts');
  const empty = new Messenger({ facebook: new Facebook({ protocol, store: memoryStore() }) });
  await expect(empty.pack(Text.create({ text: 'x' }), ANYONE)).rejects.toMatchObject({
    code: 'identity/not-found',
  });
});

test('a message that no peer would accept is refused before it is sent', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const huge = Text.create({ text: 'x'.repeat(1024 * 1024) });
  await expect(moki.messenger.pack(huge, ANYONE)).rejects.toMatchObject({ code: 'format/limit' });
  const large = Text.create({ text: 'x'.repeat(900_000) });
  const message = await moki.messenger.pack(large, moki.user.id);
  if (isWaiting(message)) expect.unreachable();
  expect(() => moki.messenger.serialize(message)).toThrow(
    expect.objectContaining({ code: 'format/limit' }) as Error,
  );
});
