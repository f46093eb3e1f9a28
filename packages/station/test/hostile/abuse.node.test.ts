import { receiptFor, Search } from '@dimp/extensions/commands';
import { ArrayContent, Forward, Text } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { scene, sharedScene, unharmed, Victim } from '../support/hostile-station.ts';
import { MaliciousClient, until } from '../support/malicious-client.ts';
import { introduce, newPerson } from '../support/test-users.ts';

const now = sharedScene({
  limits: {
    inboxMessages: 24,
    searchRate: { perSecond: 0.01, burst: 5 },
    commandRate: { perSecond: 1, burst: 100 },
    identityRate: { perSecond: 0.001, burst: 9 },
  },
});

describe('an inbox that a stranger fills', () => {
  test('is bounded, all senders are told so, and it takes messages again after its owner has read it', async () => {
    const { world, moki, hulk, mallory } = now();
    const away = await newPerson('away');
    await introduce(away, mallory, moki.person);
    // The station knows the user, who is offline.
    const session = await Victim.at(world, away);
    await session.session.stop();
    const client = await MaliciousClient.login(world, mallory);
    for (let count = 0; count < 40; count++) {
      client.send(await client.pack(Text.create({ text: `flood ${count}` }), away.id));
    }
    const full = () => client.receipts().filter((text) => text === 'Message cached.').length;
    await until(() => client.receipts().length === 40);
    expect(full()).toBe(24);
    expect(new Set(client.receipts()).size).toBe(2);
    // Not silently: an honest sender hears it, and may send again.
    const early = await moki.person.messenger.send(Text.create({ text: 'shut out' }), away.id);
    await expect(early.reached('received', AbortSignal.timeout(8000))).rejects.toMatchObject({
      code: 'store/quota',
    });
    await session.online();
    await until(() => session.texts.length >= 24);
    const late = await moki.person.messenger.send(Text.create({ text: 'let in' }), away.id);
    await late.reached('received', AbortSignal.timeout(10_000));
    expect(session.texts).toContain('let in');
    await unharmed(moki, hulk);
  });
});

describe('receipts', () => {
  test('for a flood are no more messages than the flood, and go only to its sender', async () => {
    const { world, moki, hulk, mallory } = await scene();
    const away = await newPerson('away');
    await introduce(away, mallory);
    const client = await MaliciousClient.login(world, mallory);
    const before = client.raw.length;
    const others = [moki, hulk].map(({ texts }) => texts.length);
    const flood: Uint8Array[] = [];
    for (let count = 0; count < 200; count++) {
      flood.push(await client.pack(Text.create({ text: 'x' }), away.id));
    }
    for (const bytes of flood) client.send(bytes);
    await until(() => client.receipts().length === 200, 15_000);
    const answers = client.raw.slice(before);
    expect(answers.length).toBeLessThanOrEqual(100);
    const size = (texts: readonly (string | Uint8Array)[]) =>
      texts.reduce((sum, { length }) => sum + length, 0);
    expect(size(answers)).toBeLessThan(2 * size(flood));
    // A receipt for a receipt would never end.
    const many = client.raw.length;
    const envelope = { sender: world.station.id, receiver: mallory.id, time: 0 };
    for (let count = 0; count < 20; count++) {
      client.send(await client.pack(receiptFor(envelope, 'thanks')));
      client.send(await client.pack(receiptFor(envelope, 'thanks'), away.id));
    }
    await client.settled();
    expect(client.raw.length).toBe(many + 1);
    expect([moki, hulk].map(({ texts }) => texts.length)).toEqual(others);
    await unharmed(moki, hulk);
  });

  test('for refused messages in a false name do not go to the owner of the name', async () => {
    const { world, moki, hulk, mallory } = now();
    const victim = await MaliciousClient.login(world, moki.person);
    const client = await MaliciousClient.login(world, mallory);
    const before = victim.raw.length;
    for (let count = 0; count < 10; count++) {
      const wire = await client.wire(Text.create({ text: 'x' }), hulk.person.id);
      client.send({ ...wire, sender: moki.person.id.text });
    }
    // Receipts for messages of earlier tests may come late.
    const refusals = () => client.receipts().filter((text) => text === 'Permission denied.');
    await until(() => refusals().length === 10);
    expect(victim.raw.length).toBe(before);
    await victim.close();
    await unharmed(moki, hulk);
  });
});

describe('§14.5 no. 46: contents in contents', () => {
  test('are opened to a bounded depth and a bounded number of times', async () => {
    const { world, moki, hulk, mallory } = await scene();
    const client = await MaliciousClient.login(world, mallory);
    const stamp = (draft: object) =>
      mallory.messenger.transceiver.protocol.contents.stamp(draft as never, {
        time: Date.now() / 1000,
      });
    const ask = () => stamp({ kind: 'ans', body: { names: ['station'] } });
    const wide = ArrayContent.create({ contents: Array.from({ length: 64 }, ask) } as never);
    // Two in each, eight deep: opened all the way down that would be 256 answers more.
    let deep = stamp(ArrayContent.create({ contents: [ask(), ask()] } as never));
    for (let depth = 0; depth < 7; depth++) {
      deep = stamp(ArrayContent.create({ contents: [deep, deep] } as never));
    }
    client.send(await client.pack({ kind: 'array', body: deep.body } as never));
    client.send(await client.pack(Forward.create({ messages: [] } as never)));
    client.send(await client.pack(wide));
    await client.settled();
    await until(() => client.of('ans').length === 64);
    expect(client.of('ans').length).toBe(64);
    await unharmed(moki, hulk);
  });
});

describe('§14.6 no. 54: the users of a station', () => {
  test('cannot be enumerated: searches are rare, by words, and never show who is online', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const search = (...keywords: string[]) => Search.create({ keywords } as never);
    for (const words of [['users'], ['a'], ['m', 'o']]) {
      const [text] = await client.ask(search(...words));
      expect(['Permission denied.', 'Search command error.']).toContain(text);
    }
    for (const text of ['all users', 'active users']) {
      client.send(await client.pack(Text.create({ text })));
    }
    client.send(await client.pack(search('moki')));
    await until(() => client.of('search').length === 1);
    for (let count = 0; count < 5; count++) client.send(await client.pack(search('hulk')));
    await client.settled();
    expect(world.limited).toContain('searchRate');
    expect(client.of('search').length).toBeLessThanOrEqual(2);
    expect(client.of('text')).toEqual([]);
    expect(JSON.stringify(client.of('search'))).not.toContain('127.0.0.1');
    await unharmed(moki, hulk);
  });
});

describe('§14.4 no. 39 and 40: names and identities', () => {
  test('one address can add a bounded number of new identities', async () => {
    const { world, moki, hulk } = now();
    const rogues = await Promise.all(Array.from({ length: 8 }, () => newPerson('bulk')));
    for (const person of rogues) {
      const client = await MaliciousClient.dial(world, person);
      void client.start().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.close();
    }
    await until(() => world.limited.includes('identityRate'));
    await unharmed(moki, hulk);
  });

  test('names that look like others, or cannot be displayed, stand for no other user', async () => {
    const { world, moki, hulk, mallory } = now();
    const { id } = hulk.person;
    const client = await MaliciousClient.login(world, mallory);
    const wire = await client.wire(Text.create({ text: 'look-alike' }), id);
    const address = id.text.split('@')[1] ?? '';
    const names = ['hu\u0131k', 'HULK', 'hulk\u202e', 'hulk ', '\ufeffhulk', 'hulk\n'];
    const receivers = [
      ...names.map((name) => `${name}@${address}`),
      `hulk@${address.slice(0, -1)}`,
      'hulk@anywhere',
      'hulk@everywhere',
      `${id.text}@anywhere`,
    ];
    for (const receiver of receivers) {
      client.send({ ...wire, receiver } satisfies JsonObject);
      client.send({ ...wire, sender: receiver } satisfies JsonObject);
    }
    await client.settled();
    await unharmed(moki, hulk);
    expect(hulk.texts).not.toContain('look-alike');
    expect(world.logged.filter((line) => line.includes('ingress.failed'))).toEqual([]);
  });
});

test('the log contains no text of an attacker', async () => {
  const { world, hulk, mallory } = now();
  const client = await MaliciousClient.login(world, mallory);
  const marker = 'N0TF0RTHEL0G';
  const wire = await client.wire(Text.create({ text: marker }), hulk.person.id);
  client.send({ ...wire, sender: marker });
  client.send({ ...wire, receiver: `${marker}@anywhere` });
  client.send({ ...wire, signature: marker });
  client.send(`{"${marker}`);
  client.send(await client.pack({ kind: 'command', body: { command: marker } } as never));
  await client.settled();
  expect(world.logged.length).toBeGreaterThan(0);
  expect(world.logged.join('\n')).not.toContain(marker);
  expect(world.logged.join('\n')).not.toContain(client.session);
});
