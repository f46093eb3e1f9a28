// Two clients in one process, each with an encrypted store of its own, and a relay between them that nobody has to
// trust. Run it with `npm start` in this folder, after `npm run build` at the root. A wrong result ends it with status 1.
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

  // 1. Two identities, made where they are used. Their keys lie encrypted in the stores.
  const moki = await openClient(mokis, relay);
  let hulk = await openClient(hulks, relay);
  console.log(`moki is ${moki.user.id}\nhulk is ${hulk.user.id}`);

  // 2. They exchange metas and visas, as by a QR code. They are checked before they are kept.
  await introduce(hulk, moki);
  await introduce(moki, hulk);

  // 3. A text. It is on moki's disk when `send` returns; the states tell how far it has got.
  const first = await moki.messenger.send(Text.create({ text: 'Hello world!' }), hulk.user.id);
  const states = [first.state];
  first.on('state', ({ state }) => states.push(state));
  // The receiver's program has it on its disk: a receipt of hulk says so.
  await first.reached('received', AbortSignal.timeout(30_000));
  console.log(`  states: ${[...new Set(states)].join(', ')}`);
  assert.equal(states.at(-1), 'received');

  // 4. A content of our own. hulk's handler answers it, and the answer is a message like any other.
  const greeting = Greeting.create({ mood: 'happy' });
  await moki.messenger.send(greeting, hulk.user.id);
  await until(() => mokis.screen.length > 0);
  assert.deepEqual(mokis.screen, ['happy? Me too.']);

  // 5. hulk's program ends. What moki writes now waits: at the relay, and in moki's outbox until hulk confirms it.
  await hulk.close();
  assert.deepEqual(hulks.screen, ['Hello world!']);
  const second = await moki.messenger.send(Text.create({ text: 'Are you there?' }), hulk.user.id);
  await second.reached('sent', AbortSignal.timeout(30_000));
  assert.equal(second.report.settled, false);

  // 6. Nobody opens hulk's store without the passphrase. With it, he is who he was, and gets what waited.
  const stranger = { ...hulks, passphrase: 'guessed' };
  await assert.rejects(openClient(stranger, relay), { code: 'crypto/passphrase' });
  const before = hulk.user.id.text;
  hulk = await openClient(hulks, relay);
  assert.equal(hulk.user.id.text, before);
  await second.reached('received', AbortSignal.timeout(30_000));

  // 7. moki takes his identity along: a file that only its passphrase opens, and another machine.
  await moki.facebook.addContact(moki.user.id, hulk.user.id, { remark: 'the green one' });
  const file = await exportIdentity(moki.facebook, moki.user.id, 'a third passphrase');
  const elsewhere = new Facebook({ protocol, store: memoryStore() });
  const same = await importIdentity(elsewhere, file, 'a third passphrase');
  assert.equal(same.id.text, moki.user.id.text);
  assert.equal((await elsewhere.contact(same.id, hulk.user.id))?.remark, 'the green one');
  console.log(`  a file of ${file.length} bytes is moki on another machine`);

  // The relay has delivered everything twice. Each message was shown once, in order.
  await moki.close();
  await hulk.close();
  assert.deepEqual(hulks.screen, ['Hello world!', 'Are you there?']);
  assert.deepEqual(mokis.screen, ['happy? Me too.']);
  console.log('each message was shown once');
}

function account(name: string, passphrase: string): Account {
  return { name, passphrase, path: join(folder, name), screen: [] };
}

/** Gives somebody another one's meta and visa, as JSON. */
async function introduce(known: Client, to: Client): Promise<void> {
  const { id } = known.user;
  const [meta, visa] = [await known.user.meta(), await known.user.visa()];
  assert.ok(meta && visa);
  await to.facebook.saveMeta(meta.wire, id);
  await to.facebook.saveDocument(visa.wire, id);
}

/** Waits until something is so; half a minute at most. */
async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !done(); ) {
    assert.ok(Date.now() < end, 'it takes too long');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
