import { isWaiting } from '@dimp/core';
import { memoryBlobStore } from '@dimp/core/memory';
import { Image, Video } from '@dimp/extensions/contents';
import { encodeTed, utf8Decode } from '@dimp/foundation';
import { ANYONE, type ID } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { downloadFile, fileFormatFor, uploadFile } from '../src/files.ts';
import { createGroup, type IncomingMessage, Messenger } from '../src/index.ts';
import { expectSame, holding, noise } from './file-stores.ts';
import { introduce, newUser, packed } from './people.ts';

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

test('a file that an old peer encrypted with the key of its message is opened', async () => {
  const [moki, hulk] = await Promise.all([newUser('moki', ECC), newUser('hulk', ECC)]);
  await introduce(moki, hulk);
  const shown: IncomingMessage[] = [];
  const messenger = new Messenger({ facebook: hulk.facebook, sendPackage: async () => undefined });
  messenger.handle(Image, (message) => void shown.push(message));
  const first = await packed(moki, Image.create({ data: noise(3) }), hulk.user.id);
  await messenger.receivedPackage(first);
  // Both messages have one key: the file is encrypted with it in between.
  const opened = await hulk.messenger.unpack(first);
  const key = isWaiting(opened) ? undefined : hulk.messenger.transceiver.openingOf(opened)?.key;
  if (key === undefined) expect.unreachable();
  const IV = noise(16);
  const { ciphertext } = await key.encrypt(noise(1000), { IV: encodeTed(IV) });
  const draft = Image.create({ URL: 'memory://1', filename: 'a.png', IV });
  await messenger.receivedPackage(await packed(moki, draft, hulk.user.id));
  const body = shown.at(-1)?.content.body as Parameters<typeof downloadFile>[1];
  expect(shown).toHaveLength(2);
  const download = downloadFile(holding(ciphertext), body);
  expect(download.check).toBe('never');
  expectSame(await download.bytes(), noise(1000));
  await messenger[Symbol.asyncDispose]();
});
