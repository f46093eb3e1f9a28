import { memoryStore } from '@dimp/core/memory';
import { isExportable, type Signer } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { ecc } from '@dimp/extensions/ecc';
import { decodeHex, utf8Decode, utf8Encode } from '@dimp/foundation';
import { displayNumber, EntityType, type ID, NetworkID, signDocument } from '@dimp/mkm';
import { failingStore, pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook, register } from '../src/index.ts';
import { introduce, newUser, Packer, protocol } from './people.ts';

/** A key of 32 bytes 0x33, and the other key that its ECDSA signature of "moki" verifies under (SEC 1 §4.1.6). */
const FIRST = ecc.parsePrivate({ algorithm: 'ECC', data: '33'.repeat(32) });
const SECOND = '03802cbe8ad13f49a36060abe9c852d55cf4c9c1bbb659e2996b6cc3fcc3501aac';

describe('register', () => {
  test('makes name@address by default, as the seed program does', async () => {
    const store = memoryStore();
    const facebook = new Facebook({ protocol, store });
    const user = await register('moki', { facebook, keyOptions: { bits: 1024 } });
    expect(user.id.text).toMatch(/^moki@[1-9A-HJ-NP-Za-km-z]{26,35}$/);
    expect(user.id.type).toBe(EntityType.User);
    expect(displayNumber(user.id)).toMatch(/^\d{3}-\d{3}-\d{4}$/);
    expect(await user.displayName()).toBe('moki');
    expect((await facebook.currentUser())?.id.entity).toBe(user.id.entity);
    const meta = await user.meta();
    expect(meta).toMatchObject({ type: '1', seed: 'moki' });
  });

  test('makes 0.8 accounts of every network byte', async () => {
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: '11'.repeat(32) });
    for (const network of [NetworkID.Main, NetworkID.Station, NetworkID.Robot]) {
      const { user } = await newUser('old', { signer, network });
      expect(user.id.address.network).toBe(network);
      expect(user.id.isBroadcast).toBe(false);
    }
  });

  test('makes the address that vectors know from a given key', async () => {
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: '11'.repeat(32) });
    const { user } = await newUser('any', { signer, metaType: '4' });
    expect(user.id.text).toBe('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A');
  });

  test('refuses invalid names, and kinds without a class', async () => {
    for (const name of ['', 'a b', 'a@b', 'a/b', 'x'.repeat(33), 'a\u0000']) {
      await expect(newUser(name, { algorithm: 'ECC' })).rejects.toMatchObject({
        code: 'format/field',
      });
    }
    const facebook = new Facebook({ protocol, store: memoryStore() });
    for (const network of [EntityType.ICP, EntityType.Group, EntityType.Company]) {
      await expect(register('corp', { facebook, algorithm: 'ECC', network })).rejects.toMatchObject(
        { code: 'unsupported/entity' },
      );
    }
    expect(await facebook.localIdentities()).toEqual([]);
  });

  test('leaves nothing behind when the store fails', async () => {
    for (const left of [0, 1]) {
      const inner = memoryStore();
      const facebook = new Facebook({ protocol, store: failingStore(inner, left) });
      const first = register('moki', { facebook, algorithm: 'ECC' });
      if (left > 0) {
        const { id } = await first;
        const before = await pathsOf(inner);
        await expect(register('other', { facebook, algorithm: 'ECC' })).rejects.toMatchObject({
          code: 'store/quota',
        });
        await expect(
          createGroup('team', { facebook, founder: id, members: [] }),
        ).rejects.toMatchObject({ code: 'store/quota' });
        expect(await pathsOf(inner)).toEqual(before);
      } else {
        await expect(first).rejects.toMatchObject({ code: 'store/quota' });
        expect(await pathsOf(inner)).toEqual([]);
      }
      expect(await facebook.localUsers()).toHaveLength(left);
    }
  });

  test('again with the same key makes the same user, who still reads what was sent before', async () => {
    const signer = ecc.parsePrivate({ algorithm: 'ECC', data: '22'.repeat(32) });
    const moki = await newUser('moki', { signer, metaType: '4' });
    const hulk = await newUser('hulk', { algorithm: 'ECC' });
    await introduce(moki, hulk);
    const before = await hulk.packer.packed(Text.create({ text: 'old' }), moki.user.id);
    const { facebook } = moki;
    const again = await register('moki', { facebook, signer, metaType: '4' });
    expect(again.id.text).toBe(moki.user.id.text);
    expect(await facebook.localUsers()).toHaveLength(1);
    expect(await moki.packer.unpack(before)).toMatchObject({ content: { kind: 'text' } });
  });

  test('refuses a visa that no peer would keep', async () => {
    const store = memoryStore();
    const facebook = new Facebook({ protocol, store });
    const visa = { note: 'x'.repeat(70_000) };
    await expect(register('moki', { facebook, algorithm: 'ECC', visa })).rejects.toMatchObject({
      code: 'format/limit',
    });
    expect(await pathsOf(store)).toEqual([]);
  });

  test('needs a message key that can encrypt', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const options = { facebook, algorithm: 'ECC', messageAlgorithm: 'ECC' } as const;
    await expect(register('mute', options)).rejects.toThrow(TypeError);
    expect(await facebook.localUsers()).toEqual([]);
  });

  test('takes a signer that never shows its private key, and keeps it for this run only', async () => {
    const inner = ecc.parsePrivate({ algorithm: 'ECC', data: '22'.repeat(32) });
    const remote: Signer<'ECC'> = {
      algorithm: 'ECC',
      publicKey: inner.publicKey,
      sign: async (data) => inner.sign(data),
    };
    const store = memoryStore();
    const facebook = new Facebook({ protocol, store });
    const user = await register('remote', { facebook, signer: remote });
    expect((await facebook.currentUser())?.id.entity).toBe(user.id.entity);
    expect(await new Facebook({ protocol, store }).localUsers()).toEqual([]);
  });
});

describe('a facebook over the same store', () => {
  test('knows users, metas, documents, members and contacts again', async () => {
    const store = memoryStore();
    const first = new Facebook({ protocol, store });
    const moki = await register('moki', { facebook: first, algorithm: 'ECC' });
    const group = await createGroup('readers', { facebook: first, founder: moki.id, members: [] });
    await first.saveContacts(moki.id, [group.id]);

    const again = new Facebook({ protocol, store });
    const user = await again.currentUser();
    expect(user?.id.entity).toBe(moki.id.entity);
    expect(await user?.visa()).toMatchObject({ type: 'visa' });
    expect((await user?.contacts())?.map(String)).toEqual([group.id.text]);
    expect((await again.group(group.id).members()).map(String)).toEqual([moki.id.text]);
    expect((await again.founder(group.id))?.entity).toBe(moki.id.entity);
    const signature = await (await again.requireSigner(moki.id)).sign(utf8Encode('x'));
    expect(await (await again.verifyKey(moki.id))?.verify(utf8Encode('x'), signature)).toBe(true);
  });
});

describe('metas and documents', () => {
  test('the first meta wins, and a different one that fits raises the alarm', async () => {
    const { user } = await newUser('moki', { algorithm: 'ECC' });
    const conflicts: ID[] = [];
    const facebook = new Facebook({ protocol, store: memoryStore() });
    facebook.events.on('metaConflict', ({ id }) => conflicts.push(id));
    const meta = await user.meta();
    if (!meta) expect.unreachable();
    expect(await facebook.saveMeta(meta, user.id)).toBe('saved');
    expect(await facebook.saveMeta(meta.wire, user.id)).toBe('known');
    expect(conflicts).toEqual([]);
    const respelled = { ...meta.wire, key: { ...meta.key.toWire(), curve: 'secp256k1' } };
    expect(await facebook.saveMeta(respelled, user.id)).toBe('known');
    expect((await facebook.meta(user.id))?.wire).toEqual(meta.wire);
  });

  test('a forged meta is refused', async () => {
    const { user } = await newUser('moki', { algorithm: 'ECC' });
    const mallory = await newUser('moki', { algorithm: 'ECC' });
    const meta = await mallory.user.meta();
    if (!meta) expect.unreachable();
    await expect(mallory.facebook.saveMeta(meta, user.id)).rejects.toMatchObject({
      code: 'identity/meta-mismatch',
    });
    const genuine = await user.meta();
    const forged = { ...genuine?.wire, key: meta.key.toWire() };
    await expect(mallory.facebook.saveMeta(forged, user.id)).rejects.toMatchObject({
      code: 'identity/meta-mismatch',
    });
  });

  test('documents are kept if they are strictly newer, and never from a stranger', async () => {
    const moki = await newUser('moki', { algorithm: 'ECC' });
    const { facebook, user } = moki;
    const signer = await facebook.requireSigner(user.id);
    const visa = await user.visa();
    const time = visa?.time ?? 0;
    const sign = (name: string, now: number, by: Signer = signer) =>
      signDocument(
        { did: user.id, type: 'visa', properties: { ...visa?.properties, name }, now },
        by,
      );
    await expect(facebook.saveDocument(await sign('old', time - 1), user.id)).rejects.toMatchObject(
      {
        code: 'identity/expired',
      },
    );
    await expect(facebook.saveDocument(await sign('same', time), user.id)).rejects.toMatchObject({
      code: 'identity/expired',
    });
    await expect(
      facebook.saveDocument(await sign('future', time + 3600), user.id),
    ).rejects.toMatchObject({ code: 'identity/document-invalid' });
    const stranger = ecc.parsePrivate({ algorithm: 'ECC', data: '33'.repeat(32) });
    await expect(
      facebook.saveDocument(await sign('forged', time + 1, stranger), user.id),
    ).rejects.toMatchObject({ code: 'identity/document-invalid' });
    expect(await facebook.saveDocument(await sign('new', time + 1), user.id)).toBe('saved');
    expect(await user.displayName()).toBe('new');
  });

  test('two metas of one ID: the second raises the alarm, however it arrives', async () => {
    const moki = await newUser('moki', { signer: FIRST });
    const hulk = await newUser('hulk', { algorithm: 'ECC' });
    const conflicts: string[] = [];
    const facebook = new Facebook({ protocol, store: memoryStore() });
    facebook.events.on('metaConflict', ({ id }) => conflicts.push(id.text));
    const meta = await moki.user.meta();
    if (!meta) expect.unreachable();
    const { key: _key, ...rest } = meta.wire;
    const second = { ...rest, key: { algorithm: 'ECC', data: SECOND } };
    expect(await facebook.saveMeta(second, moki.user.id)).toBe('saved');
    expect(await facebook.saveMeta(meta, moki.user.id)).toBe('known');
    expect(conflicts).toEqual([moki.user.id.text]);
    await introduce(hulk, moki, 'one way');
    const draft = Text.create({ text: 'it is me' });
    const bytes = await moki.packer.packed(draft, hulk.user.id, { attachMeta: true });
    const packer = new Packer(facebook);
    await expect(packer.unpack(bytes)).rejects.toMatchObject({ code: 'crypto/signature' });
    expect(conflicts).toEqual([moki.user.id.text, moki.user.id.text]);
  });

  test('the second key of a group meta does not make its owner the founder', async () => {
    const moki = await newUser('moki', { signer: FIRST });
    const { user } = moki;
    // The meta of the group "moki" carries the same signature as that of its founder.
    const group = await createGroup('moki', {
      facebook: moki.facebook,
      founder: user.id,
      members: [],
    });
    const [groupMeta, meta, bulletin] = [
      await group.meta(),
      await user.meta(),
      await group.bulletin(),
    ];
    if (!groupMeta || !meta || !bulletin) expect.unreachable();
    const second = protocol.metas.parse({ type: '2', key: { algorithm: 'ECC', data: SECOND } });
    const fake = protocol.metas.makeID(second, EntityType.User);
    const { facebook } = await newUser('hulk', { algorithm: 'ECC' });
    await facebook.saveMeta(second, fake);
    await facebook.saveMeta(meta, user.id);
    await facebook.saveMeta(groupMeta, group.id);
    await facebook.saveMembers(group.id, [fake, user.id]);
    expect((await facebook.founder(group.id))?.text).toBe(user.id.text);
    expect(await facebook.saveDocument(bulletin, group.id)).toBe('saved');
  });

  test('JSON that only looks like a verified meta is read and checked as JSON', async () => {
    const moki = await newUser('moki', { algorithm: 'ECC', metaType: '2' });
    const hulk = await newUser('hulk', { algorithm: 'ECC' });
    for (const addressData of ['x', [4], { length: 65 }]) {
      const key = { algorithm: 'ECC', data: '', verify: 1, addressData };
      const forged = { type: '2', key, wire: {}, seed: 'moki', fingerprint: 'AA==' };
      for (const type of ['1', '2', '4']) {
        for (const wire of [forged, { type, key, wire: {} }]) {
          await expect(
            hulk.facebook.saveMeta({ ...wire, type }, moki.user.id),
          ).rejects.toMatchObject({ code: 'format/field' });
        }
      }
    }
  });

  test('a number too large to be written again is refused and not half saved', async () => {
    const moki = await newUser('moki', { algorithm: 'ECC' });
    const hulk = await newUser('hulk', { algorithm: 'ECC' });
    await introduce(hulk, moki, 'one way');
    const draft = Text.create({ text: 'x' });
    const bytes = await moki.packer.packed(draft, hulk.user.id, { attachMeta: true });
    const text = utf8Decode(bytes).replace('"meta":{', '"meta":{"x":1e999,');
    await expect(hulk.packer.unpack(text)).rejects.toMatchObject({ code: 'format/json' });
    expect(await hulk.facebook.meta(moki.user.id)).toBeUndefined();
  });

  test('an old bulletin under another terminal brings no dismissed staff back', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
    const { user: admin } = await newUser('hulk', { algorithm: 'ECC' });
    const group = await createGroup('team', { facebook, founder: user.id, members: [] });
    const signer = await facebook.requireSigner(user.id);
    const time = (await group.bulletin())?.time ?? 0;
    const bulletin = async (now: number, administrators: readonly string[]) =>
      (
        await signDocument(
          { did: group.id, type: 'bulletin', properties: { administrators }, now },
          signer,
        )
      ).wire;
    const hired = await bulletin(time + 1, [admin.id.text]);
    await facebook.saveDocument(hired, group.id);
    expect(await facebook.maySpeak(group.id, admin.id)).toBe(true);
    await facebook.saveDocument(await bulletin(time + 2, []), group.id);
    for (const replayed of [
      { ...hired, terminal: 'x' },
      { ...hired, type: 'profile' },
    ]) {
      await facebook.saveDocument(replayed, group.id).catch(() => undefined);
    }
    await facebook.saveDocument(await bulletin(time + 3, []), group.id);
    expect(await facebook.maySpeak(group.id, admin.id)).toBe(false);
    expect((await group.bulletin())?.time).toBe(time + 3);
  });

  test('a visa under ever new terminals does not fill the store', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
    const visa = await user.visa();
    if (!visa) expect.unreachable();
    for (let i = 0; i < 20; i++) {
      await facebook.saveDocument({ ...visa.wire, terminal: `t${i}` }, user.id).catch(() => {});
    }
    expect((await facebook.documents(user.id)).length).toBeLessThanOrEqual(16);
    expect(await user.displayName()).toBe('moki');
  });

  test('two documents saved at once leave the newer one, and its key is the one in use', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
    const signer = await facebook.requireSigner(user.id);
    const visa = await user.visa();
    const time = visa?.time ?? 0;
    const sign = (name: string, now: number) =>
      signDocument(
        { did: user.id, type: 'visa', properties: { ...visa?.properties, name }, now },
        signer,
      );
    const [older, newer] = [await sign('older', time + 1), await sign('newer', time + 2)];
    for (const pair of [
      [newer, older],
      [older, newer],
    ]) {
      await Promise.allSettled(pair.map((each) => facebook.saveDocument(each, user.id)));
      facebook.reduceMemory();
      expect(await user.displayName()).toBe('newer');
    }
  });

  test('a stored record may be larger than a message', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
    const members = Array.from({ length: 20_000 }, (_, i) =>
      protocol.parseID(`${user.id.text}/${i}`),
    );
    await facebook.saveMembers(user.id, members);
    expect((await facebook.members(user.id)).length).toBe(members.length);
  });

  test('memory pressure loses nothing', async () => {
    const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
    for (const part of [undefined, 'half', 'unused', 'unused'] as const) {
      facebook.reduceMemory(part);
      expect(await user.displayName()).toBe('moki');
      expect(await facebook.encryptKey(user.id)).toBeDefined();
    }
  });
});

test('a private key never shows in what is logged', async () => {
  const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
  const signer = await facebook.requireSigner(user.id);
  if (!isExportable(signer)) expect.unreachable();
  const secret = JSON.stringify(signer.toWire());
  const scalar = /"data":"([0-9a-f]{64})"/.exec(secret)?.[1] ?? '';
  expect(decodeHex(scalar)).toHaveLength(32);
  expect(JSON.stringify({ signer, facebook })).not.toContain(scalar);
  expect(String(signer)).not.toContain(scalar);
});
