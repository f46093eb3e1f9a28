// A content type of your own: a poll. Clients with the plug-in read it with its type, and refuse an invalid one. A client
// without the plug-in shows a text instead, and can forward the poll without losing anything.
import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, defineExtension, isWaiting, type Protocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Combine } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { isProtocolError } from '@dimp/foundation';
import { Poll } from './poll.ts';

// Plug-ins are values. The compiler knows exactly the types that you register.
const polls = defineExtension({ name: 'com.example.polls', contents: [Poll] });
const withPolls = createProtocol(standard(), polls);
const withoutPolls = createProtocol(standard());

// alice and carol have the plug-in; bob has an older client.
const alice = await newPerson('alice', withPolls);
const bob = await newPerson('bob', withoutPolls);
const carol = await newPerson('carol', withPolls);
for (const [knows, known] of [
  [alice, bob],
  [bob, alice],
  [bob, carol],
  [carol, bob],
] as const) {
  const meta = await known.user.meta();
  const visa = await known.user.visa();
  if (meta === undefined || visa === undefined) throw new Error('register saves both');
  await knows.facebook.saveMeta(meta.wire, known.user.id);
  await knows.facebook.saveDocument(visa.wire, known.user.id);
}

// 1. alice sends a poll. A wrong body or an unregistered type would not compile.
const poll = Poll.create({ question: 'Where do we meet?', options: ['park', 'station'] });
const asked = await alice.messenger.pack(poll, bob.user.id);
if (isWaiting(asked)) throw new Error('alice knows bob');
const atBob = await bob.messenger.unpack(alice.messenger.serialize(asked));
if (isWaiting(atBob)) throw new Error('bob knows alice');

// 2. The client of bob does not know polls. It sees the content of some application, and shows the fallback text.
const shown = withoutPolls.contents.fallback(atBob.content);
console.log(`bob's client reads a "${atBob.content.kind}" and shows: ${shown}`);
if (shown !== 'Poll: Where do we meet? (park / station)') throw new Error('fallback text is lost');

// 3. bob forwards it. A content keeps the object as received, so the client of bob loses nothing.
const passedOn = await bob.messenger.pack(
  Combine.create({
    title: 'alice asks',
    messages: [{ sender: alice.user.id, content: atBob.content }],
  }),
  carol.user.id,
);
if (isWaiting(passedOn)) throw new Error('bob knows carol');
const atCarol = await carol.messenger.unpack(bob.messenger.serialize(passedOn));
if (isWaiting(atCarol) || atCarol.content.kind !== 'combine') throw new Error('bob sent a combine');

// 4. The client of carol has the plug-in. It parses the forwarded content as a poll, with its exact type.
const [retold] = atCarol.content.body.messages;
const inside = withPolls.parseContent(retold?.content.wire ?? {});
if (inside.kind !== 'com.example/poll') throw new Error('the poll is lost');
console.log(`carol's client reads a "${inside.kind}" with ${inside.body.options.length} options:`);
for (const option of inside.body.options) console.log(`  [ ] ${option}`);

// 5. Your schema checks the data of peers. A poll with one option is invalid.
try {
  withPolls.parseContent({ ...inside.wire, options: ['park'] });
  throw new Error('a poll with one option was accepted');
} catch (error) {
  if (!isProtocolError(error, 'format/field')) throw error;
  console.log(`a poll with one option is refused: ${error.code}, ${error.message}`);
}

async function newPerson<P extends Protocol>(name: string, protocol: P) {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const user = await register(name, { facebook });
  return { facebook, user, messenger: new Messenger({ facebook }) };
}
