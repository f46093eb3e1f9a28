// Run by memory.ts: makes a client with contacts, or measures one.
//   node --expose-gc contacts.js make|memory|LMDB FOLDER CONTACTS
import { Facebook, Messenger, register } from '@dimp/client';
import { type Store, type StoreChange, seconds } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { EntityType, signDocument } from '@dimp/mkm';
import { lmdbStore } from '@dimp/store-lmdb';
import { protocol } from './people.ts';
import { copyInto } from './stores.ts';

const [task = '', path = '', contacts = ''] = process.argv.slice(2);
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('needs --expose-gc');
if (task === 'make') await make(Number(contacts));
else console.log(JSON.stringify(await measure(task)));

/** All visas hold one RSA key, because making thousands of them would take an hour; its length is what counts. */
async function make(count: number): Promise<void> {
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const { id: user } = await register('bench', { facebook, algorithm: 'Ed25519' });
  const opener = await protocol.keys.generate('RSA', { bits: 2048 });
  for (let i = 0; i < count; i++) {
    const name = `contact-${i}`;
    const signer = await protocol.keys.generate('Ed25519');
    const meta = await protocol.metas.generate({ type: '1', signer, seed: name });
    const id = protocol.metas.makeID(meta, EntityType.User);
    const properties = { name, key: opener.publicKey.toWire() };
    const now = seconds(facebook.clock);
    const visa = await signDocument({ did: id, type: 'visa', properties, now }, signer);
    await facebook.saveMeta(meta, id);
    await facebook.saveDocument(visa, id);
    await facebook.addContact(user, id);
  }
  await using disk = await lmdbStore({ path });
  const changes: StoreChange[] = [];
  for await (const [key, value] of store.list([])) changes.push({ type: 'set', key, value });
  while (changes.length > 0) await disk.batch(changes.splice(0, 1000));
}

interface Usage {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** Memory that the process takes in addition since before there was a store. */
async function measure(kind: string): Promise<object> {
  const before = await usage();
  await using store: Store = kind === 'LMDB' ? await lmdbStore({ path }) : await copied();
  await using facebook = new Facebook({ protocol, store });
  await using messenger = new Messenger({ facebook });
  await messenger.start();
  const user = await facebook.currentUser();
  if (user === undefined) throw new Error('the user is missing');
  const opened = difference(await usage(), before);
  const contacts = await facebook.contacts(user.id);
  const listed = difference(await usage(), before);
  let found = 0;
  for (const id of contacts) {
    const key = await facebook.encryptKey(id);
    if (key !== undefined && (await facebook.verifyKey(id)) !== undefined) found += 1;
  }
  if (found === 0 || found !== contacts.length) throw new Error('contacts are missing');
  const used = difference(await usage(), before);
  let storedBytes = 0;
  for await (const [key, value] of store.list([]))
    storedBytes += key.join('').length + value.length;
  return { phases: { opened, listed, used }, storedBytes };
}

async function copied(): Promise<Store> {
  const from = await lmdbStore({ path });
  const store = await copyInto(memoryStore(), from);
  await from[Symbol.asyncDispose]();
  return store;
}

async function usage(): Promise<Usage> {
  for (let i = 0; i < 3; i++) {
    collect?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

function difference(after: Usage, before: Usage): Usage {
  return {
    heapBytes: after.heapBytes - before.heapBytes,
    rssBytes: after.rssBytes - before.rssBytes,
  };
}
