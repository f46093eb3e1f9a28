import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pem, pemPath } from '@dimp/fixtures/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { exportIdentity, importIdentity } from '../../packages/client/src/backup.ts';
import { downloadFile, httpBlobStore, uploadFile } from '../../packages/client/src/files.ts';
import { Facebook, Messenger } from '../../packages/client/src/index.ts';
import { createProtocol } from '../../packages/core/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { Image, Text } from '../../packages/extensions/src/contents.ts';
import { standard } from '../../packages/extensions/src/standard.ts';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { connectWebSocket } from '../../packages/transport-websocket/src/index.ts';
import { logIn, type Person, people, sendText } from '../helpers/clients.node.ts';
import { startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

/** Creates a client of the same user on another machine. */
async function anotherDevice({ id, facebook }: Person): Promise<Person> {
  const file = await exportIdentity(facebook, id, 'passphrase', { work: { N: 1024, r: 8, p: 1 } });
  const protocol = createProtocol(standard());
  const other = new Facebook({ protocol, store: memoryStore() });
  await importIdentity(other, file, 'passphrase');
  const messenger = new Messenger({ facebook: other });
  onTestFinished(() => messenger[Symbol.asyncDispose]());
  const texts: string[] = [];
  messenger.handle(Text, ({ content }) => {
    texts.push(content.body.text);
    return undefined;
  });
  return { id, facebook: other, messenger, texts };
}

/** Collects the decrypted pictures that a person receives. */
function pictures(person: Person, port: number): Uint8Array[] {
  const shown: Uint8Array[] = [];
  const blobs = httpBlobStore({ url: `http://127.0.0.1:${port}/f/` });
  person.messenger.handle(Image, async ({ content }) => {
    shown.push(await downloadFile(blobs, content.body).bytes());
    return undefined;
  });
  return shown;
}

test('all devices of a user receive texts and pictures once and in order, over TLS and over WebSocket with and without TLS, before and after a restart', async () => {
  const data = join(await temporaryFolder(), 'station');
  const args = [
    '--tls-cert',
    pemPath('cert'),
    '--tls-key',
    pemPath('key'),
    '--files-min-free-bytes',
    '0',
  ];
  const station = await startStation(data, args);
  const { port } = station;
  const ca = pem('cert');
  const [moki, hulk] = await people('moki', 'hulk');
  const phone = await anotherDevice(moki);
  const tablet = await anotherDevice(moki);
  const host = '127.0.0.1';
  const sessions = [
    await logIn(moki, port, connectTcp({ host, port, tls: { ca } })),
    await logIn(phone, port, connectWebSocket({ url: `wss://${host}:${port}/`, tls: { ca } })),
    await logIn(tablet, port, connectWebSocket({ url: `ws://${host}:${port}/` })),
    await logIn(hulk, port),
  ];
  const devices = [moki, phone, tablet];
  const albums = devices.map((device) => pictures(device, port));

  const picture = new Uint8Array(randomBytes(700_000));
  const blobs = httpBlobStore({ url: `http://${host}:${port}/f/` });
  const uploaded = await uploadFile(blobs, picture, { format: 'stream', filename: 'beach.png' });
  for (let number = 1; number <= 30; number++) await sendText(hulk, moki, String(number));
  await hulk.messenger.send(Image.create(uploaded), moki.id);
  await until(() => albums.every(({ length }) => length === 1));
  for (const [album] of albums)
    expect(Buffer.from(picture).equals(album ?? new Uint8Array())).toBe(true);
  // Each device sends for the user.
  for (const device of devices) await sendText(device, hulk, 'hello');
  await until(() => hulk.texts.length === 3);

  expect((await station.stop()).status).toBe(0);
  const next = await startStation(data, [...args, '--port', String(port)]);
  // The sessions reconnect by themselves.
  await Promise.all(sessions.map((session) => session.online(AbortSignal.timeout(60_000))));
  for (let number = 31; number <= 60; number++) await sendText(hulk, moki, String(number));
  const all = Array.from({ length: 60 }, (_, index) => String(index + 1));
  for (const { texts } of devices) await until(() => texts.length >= 60);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const { texts } of devices) expect(texts).toEqual(all);
  expect(albums.map(({ length }) => length)).toEqual([1, 1, 1]);
  expect(hulk.texts).toEqual(['hello', 'hello', 'hello']);
  await next.kill();
}, 120_000);
