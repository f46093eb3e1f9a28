// Two users, two machines, one message. Run it with `npm start` in this folder, after `npm run build` at the root.
import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';

// A protocol is a value that is built from plug-ins. `standard()` has everything that the deployed network uses.
const protocol = createProtocol(standard());

// Each machine has its own facebook, with the identities it knows and the private keys of its users.
const mokis = new Facebook({ protocol, store: memoryStore() });
const hulks = new Facebook({ protocol, store: memoryStore() });

// No server assigns identities. Each machine creates its own from a new key pair.
const moki = await register('moki', { facebook: mokis });
const hulk = await register('hulk', { facebook: hulks });
console.log(`moki is ${moki.id}`);
console.log(`hulk is ${hulk.id}`);

// To write to hulk, moki needs the meta of hulk, which proves that key and ID belong together, and the visa, which contains
// the encryption key. Both are plain JSON from any source, and are verified before they are stored.
const meta = await hulk.meta();
const visa = await hulk.visa();
if (meta === undefined || visa === undefined) throw new Error('register saves both');
await mokis.saveMeta(meta.wire, hulk.id);
await mokis.saveDocument(visa.wire, hulk.id);

// Pack: add a number and a time to the content, encrypt it for hulk, and sign it as moki. hulk does not know moki yet, so
// the message carries the meta and visa of moki.
const outbox = new Messenger({ facebook: mokis });
const message = await outbox.pack(Text.create({ text: 'Hello world!' }), hulk.id, {
  attachMeta: true,
  attachVisa: true,
});
// The messenger may need more information first. That is a result, not an error.
if (isWaiting(message)) throw new Error(`cannot write to ${message.id} without a ${message.for}`);

// Send these bytes over any channel. It can neither read nor change the text.
const bytes = outbox.serialize(message);
console.log(`${bytes.length} bytes on the wire`);

// Unpack: verify the signature of moki, decrypt, and check the content. Any error throws a ProtocolError.
const inbox = new Messenger({ facebook: hulks });
const received = await inbox.unpack(bytes);
if (isWaiting(received)) throw new Error('the message carries everything that is needed');

// The kind of the content selects its type.
const { content, envelope } = received;
if (content.kind !== 'text') throw new Error('moki wrote a text');
console.log(`${envelope.sender.name} says: ${content.body.text}`);
