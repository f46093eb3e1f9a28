import { createProtocol, defineExtension, isWaiting } from '@dimp/core';
import { seed } from '@dimp/core/dialects';
import { memoryBlobStore, memoryStore } from '@dimp/core/memory';
import { defineContent } from '@dimp/dkd';
import { Audio, File, Image, Video } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { utf8Decode } from '@dimp/foundation';
import { jsonObject } from '@dimp/foundation/schema';
import { ANYONE, type ID, type User } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { downloadFile, type FileLocation, fileFormatFor, uploadFile } from '../src/files.ts';
import { createGroup, Facebook, Messenger, register } from '../src/index.ts';
import { expectSame, holding, noise } from './file-stores.ts';
import { introduce, newUser, type Person, packed } from './people.ts';

const ECC = { algorithm: 'ECC' } as const;

test('a picture goes through a server that learns nothing, to a peer who checks it', async () => {
  const [moki, hulk] = await Promise.all([newUser('moki', ECC), newUser('hulk', ECC)]);
  await introduce(moki, hulk);
  const blobs = memoryBlobStore();
  const picture = noise(600_000);
  const format = await fileFormatFor(moki.facebook, hulk.user.id);
  expect(format).toBe('stream');
  const uploaded = await uploadFile(blobs, picture, { format, filename: 'beach.png' });
  const thumbnail = { data: noise(100), mime: 'image/png' };
  const bytes = await packed(moki, Image.create({ ...uploaded, thumbnail }), hulk.user.id);
  expect(utf8Decode(bytes)).not.toContain('beach');
  const received = await hulk.messenger.unpack(bytes);
  if (isWaiting(received) || received.content.kind !== 'image') expect.unreachable();
  const { body } = received.content;
  expect(body).toMatchObject({ filename: 'beach.png', size: 600_000, thumbnail });
  const download = downloadFile(blobs, body);
  expect(download.check).toBe('each-chunk');
  expectSame(await download.bytes(), picture);
  expectSame(await downloadFile(blobs, body.thumbnail ?? {}).bytes(), thumbnail.data);
});

test('a film with a snapshot of its own on the server is read like any file', async () => {
  const [moki, hulk] = await Promise.all([newUser('moki', ECC), newUser('hulk', ECC)]);
  await introduce(moki, hulk);
  const blobs = memoryBlobStore();
  const film = await uploadFile(blobs, noise(5000), { format: 'stream' });
  const {
    filename,
    URL: url,
    key,
    IV: _,
  } = await uploadFile(blobs, noise(50, 2), { format: 'whole' });
  const snapshot = { filename, URL: url, key };
  const bytes = await packed(moki, Video.create({ ...film, snapshot }), hulk.user.id);
  const received = await hulk.messenger.unpack(bytes);
  if (isWaiting(received) || received.content.kind !== 'video') expect.unreachable();
  const download = downloadFile(blobs, received.content.body.snapshot ?? {});
  expectSame(await download.bytes(), noise(50, 2));
});

test('only those whose visa says so get streams; one old member makes it whole for a group', async () => {
  const moki = await newUser('moki', ECC);
  const hulk = await newUser('hulk', ECC);
  const old = await newUser('monkey', { ...ECC, visa: { accepts: [] } });
  await introduce(moki, hulk, old);
  const group = async (...members: readonly (typeof hulk)[]) =>
    createGroup(`readers${members.length}`, {
      facebook: moki.facebook,
      founder: moki.user.id,
      members: members.map(({ user }) => user.id),
    });
  const format = (receiver: ID) => fileFormatFor(moki.facebook, receiver);
  expect(await format((await group(hulk)).id)).toBe('stream');
  expect(await format((await group(hulk, old)).id)).toBe('whole');
  expect(await format(old.user.id)).toBe('whole');
  expect(await format((await newUser('stranger', ECC)).user.id)).toBe('whole');
  expect(await format(ANYONE)).toBe('whole');
});

/** A picture as programs write it that leave the key of its file out. */
const Keyless = defineContent({
  kind: 'image',
  match: { type: '18' },
  schema: jsonObject,
  encode: (body) => body,
});
const older = createProtocol(
  standard(),
  defineExtension({ name: 'older', contents: [Keyless], replaces: ['image'] }),
);

async function sendingWithoutKeys(name: string) {
  const facebook = new Facebook({ protocol: older, store: memoryStore() });
  const user = await register(name, { facebook, messageAlgorithm: 'RSA', ...ECC });
  return { facebook, user };
}

test('a file that an old peer encrypted with the key of its message is opened', async () => {
  const [moki, hulk] = await Promise.all([sendingWithoutKeys('moki'), newUser('hulk', ECC)]);
  const old = new Messenger({ facebook: moki.facebook, dialect: seed });
  await acquaint(moki.user, hulk.facebook);
  await acquaint(hulk.user, moki.facebook);
  const message = await old.pack(
    Keyless.create({ URL: 'memory://1', filename: 'a.png' }),
    hulk.user.id,
  );
  if (isWaiting(message)) expect.unreachable();
  const opened = await hulk.messenger.unpack(old.serialize(message));
  const key = isWaiting(opened) ? undefined : hulk.messenger.transceiver.openingOf(opened)?.key;
  if (key === undefined) expect.unreachable();
  const { ciphertext } = await key.encrypt(noise(1000));
  const body = await shownBody(hulk, old.serialize(message));
  const download = downloadFile(holding(ciphertext), body);
  expect(download.check).toBe('never');
  expectSame(await download.bytes(), noise(1000));
});

test('a file without a key is in the clear: the key of its message is not taken for its own', async () => {
  const [moki, hulk] = await Promise.all([sendingWithoutKeys('moki'), newUser('hulk', ECC)]);
  await acquaint(moki.user, hulk.facebook);
  await acquaint(hulk.user, moki.facebook);
  const later = new Messenger({ facebook: moki.facebook });
  const draft = Keyless.create({ URL: 'memory://1', filename: 'a.png' });
  const message = await later.pack(draft, hulk.user.id);
  if (isWaiting(message)) expect.unreachable();
  const body = await shownBody(hulk, later.serialize(message));
  expect(body.key).toBeUndefined();
  expectSame(await downloadFile(holding(noise(1000)), body).bytes(), noise(1000));
});

test('a file that is uploaded in the clear says so, because peers fail on a URL without a key', async () => {
  const [moki, hulk] = await Promise.all([newUser('moki', ECC), newUser('hulk', ECC)]);
  await introduce(moki, hulk);
  for (const Type of [File, Image, Audio, Video]) {
    const draft = Type.create({ URL: 'memory://1', filename: 'a.png' });
    const received = await hulk.messenger.unpack(await packed(moki, draft, hulk.user.id));
    if (isWaiting(received)) expect.unreachable();
    expect(received.content.wire['key']).toEqual({ algorithm: 'PLAIN' });
    const body = received.content.body as FileLocation;
    expectSame(await downloadFile(holding(noise(1000)), body).bytes(), noise(1000));
  }
  const inside = File.create({ data: noise(3), filename: 'a.png' });
  const received = await hulk.messenger.unpack(await packed(moki, inside, hulk.user.id));
  if (isWaiting(received)) expect.unreachable();
  expect(received.content.wire).not.toHaveProperty('key');
});

async function acquaint(of: User, to: Pick<Facebook, 'saveMeta' | 'saveDocument'>): Promise<void> {
  const [meta, visa] = [await of.meta(), await of.visa()];
  if (meta === undefined || visa === undefined) expect.unreachable();
  await to.saveMeta(meta.wire, of.id);
  await to.saveDocument(visa.wire, of.id);
}

/** The body of a picture as the receiver's handler gets it. */
async function shownBody({ facebook }: Person, bytes: Uint8Array): Promise<FileLocation> {
  const messenger = new Messenger({ facebook, sendPackage: async () => undefined });
  const shown: FileLocation[] = [];
  messenger.handle(Image, ({ content }) => void shown.push(content.body));
  await messenger.receivedPackage(bytes);
  await messenger.close();
  const [body] = shown;
  if (body === undefined || shown.length > 1) expect.unreachable();
  return body;
}
