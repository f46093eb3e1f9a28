// A content type of your own: a poll. It is sent, read with its type, refused when it is damaged; and a client that has
// never heard of polls shows a text and passes the poll on without losing anything.
import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, defineExtension, isWaiting, type Protocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Combine } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { isProtocolError } from '@dimp/foundation';
import { Poll } from './poll.ts';

// Plug-ins are values: what you register is what the compiler knows.
const polls = defineExtension({ name: 'com.example.polls', contents: [Poll] });
const withPolls = createProtocol(standard(), polls);
const withoutPolls = createProtocol(standard());

// alice and carol have the plug-in, bob has an older client.
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

// 1. alice asks. A wrong body would not compile, and neither would a type that is not registered.
const poll = Poll.create({ question: 'Where do we meet?', options: ['park', 'station'] });
const asked = await alice.messenger.pack(poll, bob.user.id);
if (isWaiting(asked)) throw new Error('alice knows bob');
const atBob = await bob.messenger.unpack(alice.messenger.serialize(asked));
if (isWaiting(atBob)) throw new Error('bob knows alice');

// 2. bob's client does not know polls: to it this is some application's content. It shows the fallback text.
const shown = withoutPolls.contents.fallback(atBob.content);
console.log(`bob's client reads a "${atBob.content.kind}" and shows: ${shown}`);
if (shown !== 'Poll: Where do we meet? (park / station)') throw new Error('fallback text is lost');

// 3. bob passes it on. Contents keep the object as received, so nothing gets lost on the way through his client.
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

// 4. carol's client has the plug-in: what stands inside is a poll again. Reading it gives it its exact type.
const [retold] = atCarol.content.body.messages;
const inside = withPolls.parseContent(retold?.content.wire ?? {});
if (inside.kind !== 'com.example/poll') throw new Error('the poll got lost on its way');
console.log(`carol's client reads a "${inside.kind}" with ${inside.body.options.length} options:`);
for (const option of inside.body.options) console.log(`  [ ] ${option}`);

// 5. What a peer sends is checked by your schema. One option is no choice.
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
