import { isProtocolError, utf8Encode } from '@dimp/foundation';
import { type Person, type SimulatedWorld, simulatedWorld } from '@dimp/testing/client';
import { expect, onTestFinished, test } from 'vitest';
import { formatLink, linkMac, newLinkToken, parseLink } from '../../src/links.ts';

type People = 'ana' | 'bo' | 'eve';

async function newWorld(): Promise<SimulatedWorld<People>> {
  const world = await simulatedWorld({ people: ['ana', 'bo', 'eve'] });
  onTestFinished(() => world.close());
  return world;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isProtocolError(error) ? error.code : String(error)),
  );

/** Whether somebody's conversation is a request that was not accepted. */
async function isRequest(of: Person, from: Person): Promise<boolean> {
  const chat = await of.client.chats.open(from.id);
  return (await chat.summary.ready).request !== undefined;
}

async function verifiedOf(of: Person, whom: Person) {
  return (await of.client.contacts.get(whom.id))?.verified;
}

test('whoever follows a link for one use is accepted, and others are not', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  const link = await ana.client.contacts.link();
  const added = await bo.client.contacts.add(link);
  expect(added).toMatchObject({ id: ana.id, name: 'ana', blocked: false });
  await bo.say('ana', 'Hello');
  await eve.say('ana', 'Hello too');
  await world.settle();
  expect(await isRequest(ana, bo)).toBe(false);
  expect(await isRequest(ana, eve)).toBe(true);
  expect(await ana.client.contacts.links()).toEqual([]);
});

test('only the first content to the inviter has the proof', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  await bo.client.contacts.add(await ana.client.contacts.link());
  await bo.say('ana', 'first');
  await bo.say('ana', 'second');
  await world.settle();
  const chat = await ana.client.chats.open(bo.id);
  const proofs: boolean[] = [];
  for await (const { content } of chat.messages()) proofs.push('link' in content);
  expect(proofs).toEqual([true, false]);
});

test('a link is useless after its use, when it was revoked, and when its time is over', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  const { contacts } = ana.client;
  const used = await contacts.link();
  await bo.client.contacts.add(used);
  await bo.say('ana', 'Hello');
  await world.settle();
  await eve.client.contacts.add(used);
  await eve.say('ana', 'Hello');
  await world.settle();
  expect([await isRequest(ana, bo), await isRequest(ana, eve)]).toEqual([false, true]);

  const revoked = await contacts.link();
  const [summary] = await contacts.links();
  expect(summary).toMatchObject({ uses: 1, left: 1 });
  await contacts.revokeLink(summary?.id ?? '');
  expect(await contacts.links()).toEqual([]);
  const carl = await world.join('carl');
  await carl.client.contacts.add(revoked);
  await carl.say('ana', 'Hello');
  await world.settle();
  expect(await isRequest(ana, carl)).toBe(true);

  const late = await contacts.link({ days: 1 });
  await world.clock.advance('25h');
  expect(await contacts.links()).toEqual([]);
  const dora = await world.join('dora');
  await dora.client.contacts.add(late);
  await dora.say('ana', 'Hello');
  await world.settle();
  expect(await isRequest(ana, dora)).toBe(true);
});

test('a public link, and one for several uses, make requests and verify nobody', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  const open = await ana.client.contacts.link({ uses: 0 });
  expect(parseLink(open, world.protocol.addresses)).not.toHaveProperty('token');
  const several = await ana.client.contacts.link({ uses: 2 });
  await bo.client.contacts.add(open);
  await eve.client.contacts.add(several);
  await bo.say('ana', 'Hello');
  await eve.say('ana', 'Hello');
  await eve.say('ana', 'Hello again');
  await world.settle();
  expect([await isRequest(ana, bo), await isRequest(ana, eve)]).toEqual([true, true]);
  expect(await ana.client.contacts.links()).toEqual([
    expect.objectContaining({ uses: 2, left: 1 }),
  ]);
  expect([await verifiedOf(bo, ana), await verifiedOf(eve, ana)]).toEqual([undefined, undefined]);
});

test('a proof that somebody else has made, and a token that was guessed, prove nothing', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  await bo.client.contacts.add(await ana.client.contacts.link({ uses: 5 }));
  await bo.say('ana', 'Hello');
  const link = await ana.client.contacts.link();
  const read = parseLink(link, world.protocol.addresses);
  if (read.kind !== 'contact' || read.token === undefined) expect.unreachable();
  // Carl sends the proof that Bo could make; Eve one of a token that she has made up.
  const { parseID } = world.protocol;
  const mac = linkMac(read.token, { guest: parseID(bo.id), inviter: parseID(ana.id) });
  const carl = await world.join('carl', {
    services: [{ name: 'stolen proof', kinds: '*', extra: () => ({ link: { mac } }) }],
  });
  await carl.say('ana', 'Hello');
  await eve.client.contacts.add(formatLink({ ...read, token: newLinkToken() }));
  await eve.say('ana', 'Hello');
  await world.settle();
  expect([await isRequest(ana, carl), await isRequest(ana, eve)]).toEqual([true, true]);
  expect(await ana.client.contacts.links()).toHaveLength(2);
});

test('a link that is damaged on the disk does not keep the messages of guests out', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  await bo.client.contacts.add(await ana.client.contacts.link());
  for (const text of ['{', '{"token":"x","uses":1,"left":1,"until":9e15,"guests":[]}']) {
    for await (const [key] of ana.durable.list(['link-token'])) {
      await ana.durable.set(key, utf8Encode(text));
    }
    await bo.say('ana', text);
    await world.settle();
  }
  const chat = await ana.client.chats.open(bo.id);
  const texts: string[] = [];
  for await (const message of chat.messages()) texts.push(message.text);
  expect(texts).toHaveLength(2);
  expect(await ana.client.contacts.links()).toEqual([]);
});

test('what the user says about a contact while the first message leaves is kept', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  await bo.client.contacts.add(await ana.client.contacts.link());
  await world.settle();
  const store = bo.client.parts?.facebook.store;
  if (store === undefined) expect.unreachable();
  const batch = store.batch.bind(store);
  let verifying: Promise<void> | undefined;
  store.batch = async (changes) => {
    if (changes.some(({ key }) => key[0] === 'contact-details')) {
      verifying = bo.client.contacts.verify(ana.id, 'number');
      // It is done by then, unless it waits for the batch.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return batch(changes);
  };
  await bo.say('ana', 'Hello');
  await verifying;
  expect(verifying).toBeDefined();
  expect(await verifiedOf(bo, ana)).toMatchObject({ how: 'number' });
});

test.each([[{}], [[]], ['x'], [{ mac: 1 }], [{ mac: 'x'.repeat(43) }], [{ mac: '%'.repeat(43) }]])(
  'a proof that is none is ignored, and the message is shown: %j',
  async (link) => {
    const world = await newWorld();
    const { ana } = world;
    await ana.client.contacts.link();
    const carl = await world.join('carl', {
      services: [{ name: 'proof', kinds: '*', extra: () => ({ link }) }],
    });
    await carl.say('ana', 'Hello');
    await world.settle();
    expect(await ana.read('carl')).toEqual(['Hello']);
    expect(await isRequest(ana, carl)).toBe(true);
  },
);

test('an acceptance that a crash has interrupted is carried out at the next start', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  await bo.client.contacts.add(await ana.client.contacts.link());
  await bo.say('ana', 'Hello');
  for (let writes = 1; writes < 25; writes++) {
    ana.crash({ afterWrites: writes });
    await world.clock.advance('40s');
    await ana.restart();
  }
  await world.clock.advance('5min');
  expect(await ana.read('bo')).toEqual(['Hello']);
  expect(await isRequest(ana, bo)).toBe(false);
});

test('a link with somebody else’s fingerprint is refused if the key is known', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  const read = parseLink(await ana.client.contacts.link(), world.protocol.addresses);
  if (read.kind !== 'contact') expect.unreachable();
  const fp = (await eve.client.me.ready).fingerprint;
  await bo.say('ana', 'Hello');
  await world.settle();
  expect(await codeOf(bo.client.contacts.add(formatLink({ ...read, fp })))).toBe(
    'identity/meta-mismatch',
  );
  expect(await bo.client.contacts.get(ana.id)).toBeUndefined();
});

test('the first key that arrives is refused if the link names another one, and the user is told', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  const read = parseLink(await ana.client.contacts.link(), world.protocol.addresses);
  if (read.kind !== 'contact') expect.unreachable();
  const fp = (await eve.client.me.ready).fingerprint;
  await bo.client.contacts.add(formatLink({ ...read, fp }));
  bo.client.problems.subscribe(() => undefined);
  await bo.say('ana', 'Hello');
  await world.settle();
  expect(await bo.client.contacts.get(ana.id)).not.toHaveProperty('fingerprint');
  expect(bo.client.problems.current).toEqual([
    expect.objectContaining({ code: 'identity/meta-mismatch', id: ana.id }),
  ]);
  expect(await ana.read('bo')).toEqual([]);
});

test('parsing a link acts on nothing', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  parseLink(await ana.client.contacts.link(), world.protocol.addresses);
  await world.settle();
  expect(await bo.client.contacts.list.ready).toEqual([]);
});

test('a name in a link does not replace the short form and the ID, which stand beside it', async () => {
  const world = await newWorld();
  const { ana, bo } = world;
  world.network.offline('bo');
  const link = await ana.client.contacts.link({ name: 'Eve' });
  const added = await bo.client.contacts.add(link);
  // The name is shown until the visa says another one; the ID is always there.
  expect(added).toMatchObject({ id: ana.id, name: 'Eve' });
  world.network.online('bo');
  await world.settle();
  expect(await bo.client.contacts.get(ana.id)).toMatchObject({ id: ana.id, name: 'ana' });
});

test('two people have one safety number, and verify each other by it or by a code', async () => {
  const world = await newWorld();
  const { ana, bo, eve } = world;
  await ana.client.contacts.add(bo.id);
  await bo.client.contacts.add(ana.id);
  await ana.client.contacts.add(eve.id);
  expect(await codeOf(ana.client.contacts.safetyNumber(bo.id))).toBe('identity/not-found');
  await world.settle();
  const number = await ana.client.contacts.safetyNumber(bo.id);
  expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
  expect(await bo.client.contacts.safetyNumber(ana.id)).toBe(number);

  await ana.client.contacts.verify(bo.id, 'number');
  expect(await verifiedOf(ana, bo)).toEqual({ how: 'number', time: world.clock.now() });
  await ana.client.contacts.unverify(bo.id);
  expect(await verifiedOf(ana, bo)).toBeUndefined();

  const code = await bo.client.contacts.verificationCode(ana.id);
  await ana.client.contacts.verify(bo.id, { code });
  expect(await verifiedOf(ana, bo)).toMatchObject({ how: 'code' });
  // Of others, of another person, of oneself, and no code at all.
  const own = await ana.client.contacts.verificationCode(bo.id);
  expect(await codeOf(ana.client.contacts.verify(eve.id, { code }))).toBe('identity/meta-mismatch');
  expect(await codeOf(ana.client.contacts.verify(bo.id, { code: own }))).toBe(
    'identity/meta-mismatch',
  );
  const link = await ana.client.contacts.link();
  expect(await codeOf(ana.client.contacts.verify(bo.id, { code: link }))).toBe('format/field');
  expect(await verifiedOf(ana, eve)).toBeUndefined();
});
