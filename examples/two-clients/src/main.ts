// Two clients in one process, each with its own encrypted store, and an untrusted relay between them. Run it with
// `npm start` in this folder, after `npm run build` at the root. It exits with status 1 if a result is wrong.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Facebook } from '@dimp/client';
import { exportIdentity, importIdentity } from '@dimp/client/backup';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { type Account, type Client, Greeting, openClient, protocol } from './client.ts';
import { Relay } from './relay.ts';

const folder = await mkdtemp(join(tmpdir(), 'two-clients-'));
try {
  await run();
} finally {
  await rm(folder, { recursive: true });
}

async function run(): Promise<void> {
  const relay = new Relay(protocol);
  const mokis = account('moki', 'correct horse');
  const hulks = account('hulk', 'battery staple');

  // 1. Each client creates its identity. The keys are stored encrypted.
  const moki = await openClient(mokis, relay);
  let hulk = await openClient(hulks, relay);
  console.log(`moki is ${moki.user.id}\nhulk is ${hulk.user.id}`);

  // 2. They exchange metas and visas, as with a QR code. Both are verified before they are stored.
  await introduce(hulk, moki);
  await introduce(moki, hulk);

  // 3. A text. It is on the disk of moki when `send` returns. The states report its delivery.
  const first = await moki.messenger.send(Text.create({ text: 'Hello world!' }), hulk.user.id);
  const states = [first.state];
  first.on('state', ({ state }) => states.push(state));
  // hulk confirms with a receipt that the message is on their disk.
  await first.reached('received', AbortSignal.timeout(30_000));
  console.log(`  states: ${[...new Set(states)].join(', ')}`);
  assert.equal(states.at(-1), 'received');

  // 4. A content type of this application. The handler of hulk answers it with an ordinary message.
  const greeting = Greeting.create({ mood: 'happy' });
  await moki.messenger.send(greeting, hulk.user.id);
  await until(() => mokis.screen.length > 0);
  assert.deepEqual(mokis.screen, ['happy? Me too.']);

  // 5. hulk goes offline. The next message waits at the relay, and in the outbox of moki until hulk confirms it.
  await hulk.close();
  assert.deepEqual(hulks.screen, ['Hello world!']);
  const second = await moki.messenger.send(Text.create({ text: 'Are you there?' }), hulk.user.id);
  await second.reached('sent', AbortSignal.timeout(30_000));
  assert.equal(second.report.settled, false);

  // 6. The store of hulk does not open with a wrong passphrase. With the right one, hulk receives the waiting message.
  const stranger = { ...hulks, passphrase: 'guessed' };
  await assert.rejects(openClient(stranger, relay), { code: 'crypto/passphrase' });
  const before = hulk.user.id.text;
  hulk = await openClient(hulks, relay);
  assert.equal(hulk.user.id.text, before);
  await second.reached('received', AbortSignal.timeout(30_000));

  // 7. moki exports their identity to an encrypted file, and imports it on another machine.
  await moki.facebook.addContact(moki.user.id, hulk.user.id, { remark: 'the green one' });
  const file = await exportIdentity(moki.facebook, moki.user.id, 'a third passphrase');
  const elsewhere = new Facebook({ protocol, store: memoryStore() });
  const same = await importIdentity(elsewhere, file, 'a third passphrase');
  assert.equal(same.id.text, moki.user.id.text);
  assert.equal((await elsewhere.contact(same.id, hulk.user.id))?.remark, 'the green one');
  console.log(`  a file of ${file.length} bytes is moki on another machine`);

  // The relay delivers everything twice. Each message was shown once, in order.
  await moki.close();
  await hulk.close();
  assert.deepEqual(hulks.screen, ['Hello world!', 'Are you there?']);
  assert.deepEqual(mokis.screen, ['happy? Me too.']);
  console.log('each message was shown once');
}

function account(name: string, passphrase: string): Account {
  return { name, passphrase, path: join(folder, name), screen: [] };
}

/** Gives the meta and visa of one client to another, as JSON. */
async function introduce(known: Client, to: Client): Promise<void> {
  const { id } = known.user;
  const [meta, visa] = [await known.user.meta(), await known.user.visa()];
  assert.ok(meta && visa);
  await to.facebook.saveMeta(meta.wire, id);
  await to.facebook.saveDocument(visa.wire, id);
}

/** Waits up to 30 seconds until a condition holds. */
async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !done(); ) {
    assert.ok(Date.now() < end, 'the condition does not hold in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
