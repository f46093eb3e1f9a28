import { memoryStore } from '@dimp/core/memory';
import type { Signer } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { ecc } from '@dimp/extensions/ecc';
import { ANYONE, EntityType, signDocument } from '@dimp/mkm';
import { manualClock } from '@dimp/testing/clock';
import { failingStore, pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook, register } from '../src/index.ts';
import { introduce, newUser, protocol } from './people.ts';

function machine(store = memoryStore()): Facebook<typeof protocol> {
  return new Facebook({ protocol, store });
}

const fast = { algorithm: 'ECC', metaType: '4' } as const;

describe('users of this machine', () => {
  test('are in the order of their registration, independent of the clock', async () => {
    const store = memoryStore();
    const clock = manualClock();
    const names = ['one', 'two', 'three', 'four'];
    const ids: string[] = [];
    for (const name of names) {
      const facebook = new Facebook({ protocol, store, clock });
      ids.push((await register(name, { facebook, ...fast })).id.text);
      clock.advance(-1000);
    }
    expect((await machine(store).localUsers()).map(({ id }) => id.text)).toEqual(ids);
  });

  test('the chosen one speaks, for this and later lives of the program', async () => {
    const store = memoryStore();
    const facebook = machine(store);
    const first = await register('first', { facebook, ...fast });
    const second = await register('second', { facebook, ...fast });
    expect((await facebook.currentUser())?.id.text).toBe(first.id.text);
    let changes = 0;
    facebook.events.on('usersChanged', () => {
      changes += 1;
    });
    await facebook.useUser(second.id);
    expect(changes).toBe(1);
    const again = machine(store);
    for (const each of [facebook, again]) {
      expect((await each.currentUser())?.id.text).toBe(second.id.text);
      expect((await each.selectLocalUser(ANYONE))?.id.text).toBe(second.id.text);
      expect((await each.localUsers()).map(({ id }) => id.text)).toEqual([
        first.id.text,
        second.id.text,
      ]);
    }
    const { user: stranger } = await newUser('stranger', fast);
    await expect(again.useUser(stranger.id)).rejects.toMatchObject({ code: 'identity/not-found' });
    expect((await again.currentUser())?.id.text).toBe(second.id.text);
  });

  test('a removed user leaves no key behind, and is no longer the current one', async () => {
    const store = memoryStore();
    const facebook = machine(store);
    const first = await register('first', { facebook, ...fast });
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: '22'.repeat(32) });
    const options = { facebook, signer, metaType: '4', origin: { seed: 'x' } };
    const second = await register('second', options);
    await facebook.useUser(second.id);
    await facebook.removeUser(second.id);
    for (const each of [facebook, machine(store)]) {
      expect((await each.localUsers()).map(({ id }) => id.text)).toEqual([first.id.text]);
      expect(await each.identityOrigin(second.id)).toBeUndefined();
      await expect(each.requireSigner(second.id)).rejects.toMatchObject({
        code: 'identity/not-found',
      });
    }
    expect(await pathsOf(store)).not.toContain(`identity/${second.id.entity}`);
    // If the user comes back, they are one of several.
    await register('second', options);
    expect((await facebook.currentUser())?.id.text).toBe(first.id.text);
  });

  test('a message to a group is opened by the current user if they are a member', async () => {
    const facebook = machine();
    const [a, b, c] = [
      await register('a', { facebook, ...fast }),
      await register('b', { facebook, ...fast }),
      await register('c', { facebook, ...fast }),
    ];
    const { id: group } = await createGroup('team', { facebook, founder: a.id, members: [b.id] });
    expect((await facebook.selectLocalUser(group))?.id.text).toBe(a.id.text);
    await facebook.useUser(b.id);
    expect((await facebook.selectLocalUser(group))?.id.text).toBe(b.id.text);
    await facebook.useUser(c.id);
    expect((await facebook.selectLocalUser(group))?.id.text).toBe(a.id.text);
    expect((await facebook.selectLocalUser(b.id))?.id.text).toBe(b.id.text);
  });

  test('keys of an ID that is not a user’s are refused', async () => {
    const facebook = machine();
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: '22'.repeat(32) });
    const meta = await protocol.metas.generate({ type: '1', signer, seed: 'x' });
    for (const type of [EntityType.Group, EntityType.ICP]) {
      const id = protocol.metas.makeID(meta, type);
      const error = { code: 'unsupported/entity', details: { id: id.text, type } };
      await expect(facebook.savePrivateKeys(id, signer)).rejects.toMatchObject(error);
      await expect(
        facebook.saveLocalUser({ id, meta, documents: [], signer, messageKeys: [] }),
      ).rejects.toMatchObject(error);
    }
    expect(await facebook.localUsers()).toEqual([]);
  });
});

describe('how an identity was made', () => {
  test('is kept like its keys, and stays when they change', async () => {
    const store = memoryStore();
    const facebook = machine(store);
    const origin = { kind: 'mnemonic', entropy: 'AAAA' };
    const { id } = await register('moki', { facebook, ...fast, origin });
    expect(await facebook.identityOrigin(id)).toEqual(origin);
    await facebook.savePrivateKeys(id, await facebook.requireSigner(id));
    await facebook.rotateMessageKey(id);
    expect(await machine(store).identityOrigin(id)).toEqual(origin);
    await facebook.savePrivateKeys(id, await facebook.requireSigner(id), [], { origin: {} });
    expect(await facebook.identityOrigin(id)).toEqual({});
    const { user } = await newUser('hulk', fast);
    expect(await facebook.identityOrigin(user.id)).toBeUndefined();
  });
});

describe('a new message key', () => {
  test('comes with a newer visa that says the same; the last three keys open', async () => {
    const moki = await newUser('moki', { ...fast, visa: { avatar: 'https://x/y.png' } });
    const hulk = await newUser('hulk', fast);
    await introduce(moki, hulk);
    const messages: Uint8Array[] = [];
    for (let n = 0; n < 4; n++) {
      messages.push(await hulk.packer.packed(Text.create({ text: `${n}` }), moki.user.id));
      const old = await moki.user.visa();
      const saved: unknown[] = [];
      const listening = moki.facebook.events.on('documentSaved', (event) => saved.push(event));
      const visa = await moki.facebook.rotateMessageKey(moki.user.id);
      listening.close();
      expect(saved).toEqual([{ id: moki.user.id, document: visa }]);
      expect(visa.time).toBeGreaterThan(old?.time ?? 0);
      expect(visa.properties).toMatchObject({
        name: 'moki',
        avatar: 'https://x/y.png',
        created_time: old?.properties['created_time'],
      });
      expect(visa.properties['key']).not.toEqual(old?.properties['key']);
      expect(await hulk.facebook.saveDocument(visa.wire, moki.user.id)).toBe('saved');
    }
    expect(await moki.facebook.documents(moki.user.id)).toHaveLength(1);
    messages.push(await hulk.packer.packed(Text.create({ text: '4' }), moki.user.id));
    const [zero, one, ...others] = messages;
    if (!zero || !one) expect.unreachable();
    for (const bytes of others) {
      expect(await moki.packer.unpack(bytes)).toMatchObject({ content: { kind: 'text' } });
    }
    // Encrypted for the first two of five keys.
    for (const bytes of [zero, one]) {
      await expect(moki.packer.unpack(bytes)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
  });

  test('is newer than the visa of a device whose clock is ahead', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const signer = await facebook.requireSigner(user.id);
    const now = Date.now() / 1000 + 600;
    const { properties } = (await user.visa()) ?? {};
    const ahead = await signDocument(
      { did: user.id, type: 'visa', properties: properties ?? {}, now },
      signer,
    );
    await facebook.saveDocument(ahead, user.id);
    expect((await facebook.rotateMessageKey(user.id)).time).toBeGreaterThan(now);
  });

  test('announces what this program reads', async () => {
    const { facebook, user } = await newUser('moki', { ...fast, visa: { accepts: ['x'] } });
    const { properties } = await facebook.rotateMessageKey(user.id);
    expect(properties['accepts']).toEqual(['x', 'file-stream', 'aead-1']);
  });

  test('is not made for others, nor of what cannot encrypt', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const { user: stranger } = await newUser('hulk', fast);
    await expect(facebook.rotateMessageKey(stranger.id)).rejects.toMatchObject({
      code: 'identity/not-found',
    });
    await expect(facebook.rotateMessageKey(user.id, 'ECC')).rejects.toThrow(TypeError);
  });

  test('changes nothing if the store fails', async () => {
    const inner = memoryStore();
    const store = failingStore(inner, 1);
    const facebook = machine(store);
    const user = await register('moki', { facebook, ...fast });
    const before = await user.visa();
    await expect(facebook.rotateMessageKey(user.id)).rejects.toMatchObject({ code: 'store/quota' });
    expect((await user.visa())?.data).toBe(before?.data);
    expect(await facebook.messageKeys(user.id)).toHaveLength(1);
    store.left = 1;
    await facebook.rotateMessageKey(user.id);
    expect(await machine(inner).messageKeys(user.id)).toHaveLength(2);
  });
});

describe('a user who is saved whole', () => {
  test('keeps stored documents that are newer than the saved ones', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const { id } = user;
    const [meta, old] = [await user.meta(), await user.visa()];
    if (!meta || !old) expect.unreachable();
    const signer = await facebook.requireSigner(id);
    const visa = await facebook.rotateMessageKey(id);
    const messageKeys = await facebook.messageKeys(id);
    const kinds: string[] = [];
    for (const kind of ['metaSaved', 'documentSaved', 'usersChanged'] as const) {
      facebook.events.on(kind, () => kinds.push(kind));
    }
    await facebook.saveLocalUser({ id, meta, documents: [old], signer, messageKeys });
    expect((await user.visa())?.data).toBe(visa.data);
    expect(kinds).toEqual(['usersChanged']);
  });

  test('has to belong together', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const other = await newUser('hulk', fast);
    const meta = await user.meta();
    const visa = await user.visa();
    const otherVisa = await other.user.visa();
    if (!meta || !visa || !otherVisa) expect.unreachable();
    const { id } = user;
    const signer = await facebook.requireSigner(id);
    const stranger: Signer = await other.facebook.requireSigner(other.user.id);
    const whole = { id, meta, documents: [visa], signer, messageKeys: [] };
    const empty = machine();
    await expect(empty.saveLocalUser({ ...whole, signer: stranger })).rejects.toMatchObject({
      code: 'identity/meta-mismatch',
    });
    await expect(empty.saveLocalUser({ ...whole, id: other.user.id })).rejects.toMatchObject({
      code: 'identity/meta-mismatch',
    });
    await expect(empty.saveLocalUser({ ...whole, documents: [otherVisa] })).rejects.toMatchObject({
      code: 'identity/document-invalid',
    });
    expect(await pathsOf(empty.store)).toEqual([]);
    expect((await empty.saveLocalUser(whole)).id.text).toBe(id.text);
  });
});

describe('a group of ours', () => {
  test('names its founder once, and first', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const { user: hulk } = await newUser('hulk', fast);
    const members = [hulk.id, user.id, hulk.id];
    const group = await createGroup('team', { facebook, founder: user.id, members });
    expect((await group.members()).map(String)).toEqual([user.id.text, hulk.id.text]);
  });

  test('is not made again over one of the same name', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'RSA' });
    const { user: hulk } = await newUser('hulk', fast);
    const make = (members: readonly (typeof hulk.id)[]) =>
      createGroup('team', { facebook, founder: user.id, members });
    const group = await make([hulk.id]);
    await expect(make([])).rejects.toMatchObject({
      code: 'format/field',
      details: { field: 'name' },
    });
    expect(await group.members()).toHaveLength(2);
  });
});

describe('a visa that an older program made', () => {
  test('announces what this one reads, with the same key, once', async () => {
    const { facebook, user } = await newUser('moki', { ...fast, visa: { accepts: ['x'], a: 1 } });
    const old = await user.visa();
    const visa = await facebook.announceAbilities(user.id);
    expect(visa?.properties).toMatchObject({
      accepts: ['x', 'file-stream', 'aead-1'],
      a: 1,
      key: old?.properties['key'],
    });
    expect((await user.visa())?.data).toBe(visa?.data);
    expect(await facebook.announceAbilities(user.id)).toBeUndefined();
    expect(await facebook.messageKeys(user.id)).toHaveLength(1);
  });

  test('on another terminal, or for a key that is not here, promises nothing for it', async () => {
    const { facebook, user } = await newUser('moki', fast);
    const signer = await facebook.requireSigner(user.id);
    const { publicKey } = await facebook.protocol.keys.generate('RSA', { bits: 1024 });
    for (const [ahead, terminal] of [
      [10, undefined],
      [20, 'phone'],
    ] as const) {
      const visa = await signDocument(
        {
          did: user.id,
          type: 'visa',
          properties: { key: publicKey.toWire() },
          now: Date.now() / 1000 + ahead,
          ...(terminal === undefined ? {} : { terminal }),
        },
        signer,
      );
      await facebook.saveDocument(visa, user.id);
      expect(await facebook.announceAbilities(user.id)).toBeUndefined();
    }
  });
});
