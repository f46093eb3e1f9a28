import { ANYONE, type Document, type ID, signDocument } from '@dimp/mkm';
import { type Tabs, tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook, type FacebookEvents, register } from '../src/index.ts';
import { newUser, protocol } from './people.ts';

const fast = { algorithm: 'ECC', metaType: '4' } as const;
const KINDS = [
  'metaSaved',
  'metaConflict',
  'documentSaved',
  'membersSaved',
  'contactsChanged',
  'usersChanged',
] as const;

function openTab(shared: Tabs): Facebook<typeof protocol> {
  return new Facebook({ protocol, store: shared.open() });
}

/** Events of a facebook from now on, as `kind ID`. */
function heardBy(facebook: Facebook): string[] {
  const heard: string[] = [];
  for (const kind of KINDS) {
    facebook.events.on(kind, (event: FacebookEvents[typeof kind]) => {
      const id = 'id' in event ? event.id : 'user' in event ? event.user : undefined;
      heard.push(id === undefined ? kind : `${kind} ${id.text}`);
    });
  }
  return heard;
}

async function signed(
  facebook: Facebook,
  id: ID,
  name: string,
  ahead: number,
  type = 'visa',
): Promise<Document> {
  const old = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  const now = Date.now() / 1000 + ahead;
  return signDocument({ did: id, type, properties: { ...old?.properties, name }, now }, signer);
}

describe('another tab on the same store', () => {
  test('hears of each change once, after it is stored, and sees it', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const heard = heardBy(two);
    const moki = await register('moki', { facebook: one, ...fast });
    const { text } = moki.id;
    expect([...heard].sort()).toEqual([
      `documentSaved ${text}`,
      `metaSaved ${text}`,
      'usersChanged',
    ]);
    expect((await two.currentUser())?.id.text).toBe(text);
    heard.length = 0;

    // Remembered by the second tab before the first one changes it.
    expect(await two.user(moki.id).displayName()).toBe('moki');
    const key = await two.encryptKey(moki.id);
    await one.rotateMessageKey(moki.id);
    expect(heard).toEqual([`documentSaved ${text}`, 'usersChanged']);
    expect(await two.encryptKey(moki.id)).not.toBe(key);
    expect(await two.messageKeys(moki.id)).toHaveLength(2);
    heard.length = 0;

    await one.saveDocument(await signed(one, moki.id, 'new name', 5), moki.id);
    expect(heard).toEqual([`documentSaved ${text}`]);
    expect(await two.user(moki.id).displayName()).toBe('new name');
    heard.length = 0;

    const group = await createGroup('team', { facebook: one, founder: moki.id, members: [] });
    expect([...heard].sort()).toEqual(
      ['documentSaved', 'membersSaved', 'metaSaved'].map((kind) => `${kind} ${group.id.text}`),
    );
    expect(await two.members(group.id)).toHaveLength(1);
    heard.length = 0;

    await one.addContact(moki.id, group.id);
    await one.saveContacts(moki.id, [ANYONE, moki.id]);
    expect(heard).toEqual([`contactsChanged ${text}`, `contactsChanged ${text}`]);
    heard.length = 0;

    const second = await register('second', { facebook: one, ...fast });
    heard.length = 0;
    await one.useUser(second.id);
    expect((await two.currentUser())?.id.text).toBe(second.id.text);
    await one.removeUser(second.id);
    expect((await two.currentUser())?.id.text).toBe(text);
    expect(heard).toEqual(['usersChanged', 'usersChanged']);
  });

  test('reads everything again if anything may have changed, and says so once', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const moki = await register('moki', { facebook: one, ...fast });
    expect(await two.user(moki.id).displayName()).toBe('moki');
    const key = await two.encryptKey(moki.id);
    expect(await two.messageKeys(moki.id)).toHaveLength(1);
    shared.hold();
    await one.rotateMessageKey(moki.id);
    await one.saveDocument(await signed(one, moki.id, 'new name', 5), moki.id);
    shared.drop();
    // The second tab was not notified, or this would prove nothing.
    expect(await two.user(moki.id).displayName()).toBe('moki');
    expect(await two.messageKeys(moki.id)).toHaveLength(1);
    const heard = heardBy(two);
    shared.tell([['meta', moki.id.entity], []]);
    expect(heard).toEqual(['usersChanged']);
    expect(await two.user(moki.id).displayName()).toBe('new name');
    expect(await two.encryptKey(moki.id)).not.toBe(key);
    expect(await two.messageKeys(moki.id)).toHaveLength(2);
  });

  test('does not mind records of others', async () => {
    const shared = tabs();
    const heard = heardBy(openTab(shared));
    shared.tell([
      ['sending-key', 'a', 'b'],
      ['outbox'],
      ['meta'],
      ['toString', 'x'],
      ['__proto__', 'x'],
      ['meta', 'no such address'],
      ['meta', 'a'.repeat(1900)],
    ]);
    expect(heard).toEqual([]);
  });

  test('is not heard any more when the facebook is disposed of; the store stays open', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const heard = heardBy(two);
    expect(shared.listeners).toBe(2);
    await two.close();
    await two.close();
    expect(shared.listeners).toBe(1);
    await register('moki', { facebook: one, ...fast });
    expect(heard).toEqual([]);
    expect(await two.store.get(['x'])).toBeUndefined();
  });
});

describe('two tabs at once', () => {
  test('register: no user is lost, and all tabs agree on the order', async () => {
    const shared = tabs();
    const all = Array.from({ length: 4 }, () => openTab(shared));
    const users = await Promise.all(
      all.map((facebook, n) => register(`user${n}`, { facebook, ...fast })),
    );
    const orders = await Promise.all(
      all.map(async (each) => (await each.localUsers()).map(({ id }) => id.text)),
    );
    expect(new Set(orders[0])).toEqual(new Set(users.map(({ id }) => id.text)));
    for (const order of orders) expect(order).toEqual(orders[0]);
  });

  test('replace a message key: both keys open, and one visa is the newest', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const moki = await register('moki', { facebook: one, ...fast });
    await two.localUsers();
    shared.hold();
    const visas = await Promise.all([one, two].map((each) => each.rotateMessageKey(moki.id)));
    shared.deliver();
    for (const each of [one, two]) {
      const held = (await each.messageKeys(moki.id)).map((key) => {
        return key.publicKey.toWire();
      });
      expect(held).toHaveLength(3);
      for (const { properties } of visas) expect(held).toContainEqual(properties['key']);
      const current = await each.document(moki.id);
      expect(current?.properties['key']).toEqual(held[0]);
    }
  });

  test('save documents: the older one never wins, though a tab does not know of the newer one', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const moki = await register('moki', { facebook: one, ...fast });
    const [older, newer] = [
      await signed(one, moki.id, 'older', 1),
      await signed(one, moki.id, 'newer', 2),
    ];
    // Both tabs remember the first visa.
    await Promise.all([one.documents(moki.id), two.documents(moki.id)]);
    shared.hold();
    expect(await one.saveDocument(newer, moki.id)).toBe('saved');
    await expect(two.saveDocument(older, moki.id)).rejects.toMatchObject({
      code: 'identity/expired',
    });
    expect(await two.saveDocument(newer, moki.id)).toBe('known');
    shared.drop();
    expect(await openTab(shared).user(moki.id).displayName()).toBe('newer');
  });

  test('save documents of different kinds: none gets lost', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const moki = await register('moki', { facebook: one, ...fast });
    await Promise.all([one.documents(moki.id), two.documents(moki.id)]);
    const [visa, profile] = [
      await signed(one, moki.id, 'visa', 1),
      await signed(one, moki.id, 'profile', 1, 'profile'),
    ];
    shared.hold();
    await Promise.all([one.saveDocument(visa, moki.id), two.saveDocument(profile, moki.id)]);
    shared.deliver();
    for (const each of [one, two]) {
      const types = (await each.documents(moki.id)).map(({ type }) => type);
      expect([...types].sort()).toEqual(['profile', 'visa']);
    }
  });

  test('add contacts: none gets lost, nor a remark', async () => {
    const shared = tabs();
    const [one, two] = [openTab(shared), openTab(shared)];
    const { user: moki } = await newUser('moki', fast);
    const id = (n: number): ID => protocol.parseID(`c${n}@${moki.id.address.text}`);
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        await (n % 2 === 0 ? one : two).addContact(moki.id, id(n));
        await Promise.all([
          one.addContact(moki.id, id(n), { remark: `${n}` }),
          two.addContact(moki.id, id(n)),
        ]);
      }),
    );
    expect(await one.contacts(moki.id)).toHaveLength(50);
    for (let n = 0; n < 50; n++) {
      expect(await two.contact(moki.id, id(n))).toMatchObject({ remark: `${n}` });
    }
  });
});
