// Two users, two machines, one message. Run it with `npm start` in this folder, after `npm run build` at the root.
import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';

// A protocol is a value made of plug-ins. `standard()` is everything the deployed network knows.
const protocol = createProtocol(standard());

// Each machine has a facebook of its own: who it knows, and the private keys of its own users.
const mokis = new Facebook({ protocol, store: memoryStore() });
const hulks = new Facebook({ protocol, store: memoryStore() });

// Nobody hands out identities. Each one is made where it is used, from a new key pair.
const moki = await register('moki', { facebook: mokis });
const hulk = await register('hulk', { facebook: hulks });
console.log(`moki is ${moki.id}`);
console.log(`hulk is ${hulk.id}`);

// To write to hulk, moki needs hulk's meta (it proves that key and ID belong together) and his visa (it holds the key to
// encrypt for). They are plain JSON, may come from anybody, and are checked before they are kept.
const meta = await hulk.meta();
const visa = await hulk.visa();
if (meta === undefined || visa === undefined) throw new Error('register saves both');
await mokis.saveMeta(meta.wire, hulk.id);
await mokis.saveDocument(visa.wire, hulk.id);

// Pack: number and date the content, encrypt it for hulk, sign it as moki. hulk does not know moki yet, so moki's own
// meta and visa travel along.
const outbox = new Messenger({ facebook: mokis });
const message = await outbox.pack(Text.create({ text: 'Hello world!' }), hulk.id, {
  attachMeta: true,
  attachVisa: true,
});
// Something may have to arrive first. That is an answer, not an error.
if (isWaiting(message)) throw new Error(`cannot write to ${message.id} without a ${message.for}`);

// These bytes may travel any way you like; whoever carries them can neither read nor change the text.
const bytes = outbox.serialize(message);
console.log(`${bytes.length} bytes on the wire`);

// Unpack: verify moki's signature, decrypt, check the content. Whatever is wrong throws a ProtocolError.
const inbox = new Messenger({ facebook: hulks });
const received = await inbox.unpack(bytes);
if (isWaiting(received)) throw new Error('the sender attached all that is needed');

// The content is typed by its kind.
const { content, envelope } = received;
if (content.kind !== 'text') throw new Error('moki wrote a text');
console.log(`${envelope.sender.name} says: ${content.body.text}`);
