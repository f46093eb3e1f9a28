import { createProtocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { ecc } from '@dimp/extensions/ecc';
import { standardWithoutRsa } from '@dimp/extensions/standard-without-rsa';
import { utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook, register } from '../src/index.ts';
import { protocol } from './people.ts';

const KEY = { algorithm: 'ECC', data: '22'.repeat(32) };

/** A user with a group and a contact, on a store. */
async function world() {
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const signer = ecc.parsePrivate(KEY);
  const { id } = await register('moki', { facebook, signer, metaType: '4' });
  const group = (await createGroup('team', { facebook, founder: id, members: [] })).id;
  await facebook.addContact(id, group);
  return { store, id, group };
}

describe('a damaged record is reported and not lost', () => {
  test.each([
    ['meta', '{"type":'],
    ['meta', '[]'],
    ['meta', '{"type":"4"}'],
    ['documents', '{}'],
    ['documents', '["x"]'],
    ['documents', '[{"type":"visa","data":"x"}]'],
    ['members', '{}'],
    ['members', '[1]'],
    ['members', '[""]'],
    ['contact', '[]'],
    ['contact', '{"id":1}'],
    ['contact', '{"id":"anyone@anywhere"}'],
    ['contact', '{"id":"$GROUP","remark":1}'],
    ['identity', '{'],
    ['identity', '{"id":"$ID","identityKey":{"algorithm":"ECC"},"messageKeys":[],"number":1}'],
    ['identity', '{"id":"$ID","identityKey":$KEY,"messageKeys":[$KEY],"number":1}'],
    ['identity', '{"id":"$ID","identityKey":$KEY,"messageKeys":{},"number":1}'],
    ['identity', '{"id":"$ID","identityKey":$KEY,"messageKeys":[],"number":"1"}'],
    ['identity', '{"id":"$ID","identityKey":$KEY,"messageKeys":[],"number":1,"origin":"x"}'],
    ['identity', '{"id":"$GROUP","identityKey":$KEY,"messageKeys":[],"number":1}'],
  ])('%s: %s', async (area, template) => {
    const { store, id, group } = await world();
    const text = template
      .replace('$ID', id.text)
      .replace('$GROUP', group.text)
      .replaceAll('$KEY', JSON.stringify(KEY));
    const path = {
      members: ['members', group.entity],
      contact: ['contact', id.entity, group.entity],
    }[area] ?? [area, id.entity];
    expect(await store.get(path)).toBeDefined();
    await store.set(path, utf8Encode(text));
    const facebook = new Facebook({ protocol, store });
    const reading: Record<string, () => Promise<unknown>> = {
      meta: () => facebook.meta(id),
      documents: () => facebook.documents(id),
      members: () => facebook.members(group),
      contact: () => facebook.contacts(id),
      identity: () => facebook.localUsers(),
    };
    const error = await reading[area]?.().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store/corrupt', details: { what: area } });
    expect(JSON.stringify({ ...(error as Error), m: (error as Error).message })).not.toContain(
      KEY.data,
    );
  });

  test('the current user: bytes that are not text', async () => {
    const { store } = await world();
    await store.set(['current-user'], new Uint8Array([0xff]));
    await expect(new Facebook({ protocol, store }).currentUser()).rejects.toMatchObject({
      code: 'store/corrupt',
    });
  });

  test('and when it is right again, it is read again', async () => {
    const { store, id } = await world();
    const path = ['identity', id.entity];
    const good = await store.get(path);
    if (good === undefined) expect.unreachable();
    await store.set(path, utf8Encode('{'));
    const facebook = new Facebook({ protocol, store });
    await expect(facebook.localUsers()).rejects.toMatchObject({ code: 'store/corrupt' });
    await store.set(path, good);
    expect(await facebook.localUsers()).toHaveLength(1);
  });
});

test('an algorithm that is no longer registered is not damage', async () => {
  const { store, id } = await world();
  const less = new Facebook({ protocol: createProtocol(standardWithoutRsa()), store });
  await expect(less.localUsers()).rejects.toMatchObject({ code: 'unsupported/algorithm' });
  expect(await less.meta(id)).toBeDefined();
});
