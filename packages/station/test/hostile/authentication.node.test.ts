import { isWaiting } from '@dimp/core';
import { DocumentsCommand, Handshake, handshakeStart, Report } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { decodeBase64, encodeBase64, type JsonObject, utf8Encode } from '@dimp/foundation';
import { ANY_STATION, EntityType, EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { sharedScene, unharmed, Victim } from '../support/hostile-station.ts';
import { expectNothingOf, MaliciousClient, until } from '../support/malicious-client.ts';
import { introduce, newPerson, type tell } from '../support/test-users.ts';

const now = sharedScene();
const evil = Text.create({ text: 'evil' });

describe('§14.1 no. 1: bytes that are not a signature', () => {
  test.each(['RSA', 'Ed25519'] as const)(
    'are verified for no sender with a key of %s',
    async (algorithm) => {
      const { world, moki, hulk } = now();
      const mallory = await newPerson('mallory', { algorithm });
      await introduce(mallory, hulk.person);
      const client = await MaliciousClient.login(world, mallory);
      const wire = await client.wire(evil, hulk.person.id);
      const genuine = decodeBase64(wire['signature'] as string);
      const signatures = [
        new Uint8Array(128),
        new Uint8Array(5),
        new Uint8Array(genuine.length),
        genuine.slice(1),
        Uint8Array.of(...genuine, 0),
        utf8Encode('whatever'),
      ];
      for (const signature of signatures)
        client.send({ ...wire, signature: encodeBase64(signature) });
      await until(() => client.receipts().length === signatures.length);
      expect(new Set(client.receipts())).toEqual(new Set(['Message not valid.']));
      await unharmed(moki, hulk);
      expectNothingOf('evil', hulk.texts);
    },
  );
});

describe('§14.1 no. 2: a meta with the key of an attacker beside seed and fingerprint of the victim', () => {
  test('is not taken for the victim’s, whether the station knows the victim or not', async () => {
    const { world, moki, hulk, mallory } = now();
    const stranger = await newPerson('stranger');
    for (const victim of [moki.person, stranger]) {
      const meta = (await victim.facebook.meta(victim.id))?.wire;
      const own = (await mallory.facebook.meta(mallory.id))?.wire;
      const client = await MaliciousClient.dial(world, mallory);
      const wire = await client.wire(handshakeStart(), ANY_STATION, { attachVisa: true });
      const forged = { ...meta, key: own?.['key'] ?? null };
      client.send({ ...wire, sender: victim.id.text, meta: forged });
      await client.settled();
      expect(client.session).toBeUndefined();
      const kept = await world.facebook.meta(victim.id);
      expect(kept?.wire['key']).toEqual(victim === moki.person ? meta?.['key'] : undefined);
      await client.close();
    }
    await Victim.at(world, stranger);
    await unharmed(moki, hulk);
  });
});

describe('§14.1 no. 4: one signature for two kinds of data', () => {
  test('a broadcast of the victim does not replace their visa', async () => {
    const { world, moki, hulk, mallory } = now();
    const victim = moki.person;
    // Every client broadcasts this every five minutes in plain text (spec §9.7).
    const login = { kind: 'login', body: { did: victim.id, station: {} } } as never;
    const message = await victim.messenger.pack(login, EVERYONE);
    if (isWaiting(message)) expect.unreachable();
    const posing = {
      did: victim.id.text,
      type: 'visa',
      data: message.wire['data'] ?? null,
      signature: message.wire['signature'] ?? null,
    };
    const before = await world.facebook.document(victim.id);
    const client = await MaliciousClient.login(world, mallory);
    const command = await client.wire(
      DocumentsCommand.create({ did: victim.id, documents: [posing] } as never),
    );
    client.send(command);
    await client.settled();
    const after = await world.facebook.document(victim.id);
    expect(after?.wire).toEqual(before?.wire);
    // Nor as an attachment to a message.
    client.send({ ...(await client.wire(evil, hulk.person.id)), visa: posing });
    await client.settled();
    expect((await world.facebook.document(victim.id))?.wire).toEqual(before?.wire);
    await unharmed(moki, hulk);
    expectNothingOf('evil', hulk.texts);
  });

  test('a visa of the victim is not accepted as a broadcast', async () => {
    const { world, moki, hulk, mallory } = now();
    const visa = (await moki.person.facebook.document(moki.person.id))?.wire;
    const client = await MaliciousClient.dial(world, mallory);
    for (const receiver of ['station@anywhere', 'anyone@anywhere', 'everyone@everywhere']) {
      client.send({
        sender: moki.person.id.text,
        receiver,
        time: Date.now() / 1000,
        data: visa?.['data'] ?? null,
        signature: visa?.['signature'] ?? null,
      });
    }
    await client.settled();
    expect(client.handshakes().filter((title) => title === 'DIM!')).toEqual([]);
    await unharmed(moki, hulk);
  });
});

describe('a visa of another user', () => {
  test('that an attacker has signed is not stored, and an old one does not come back', async () => {
    const { world, moki, hulk, mallory } = now();
    const victim = await newPerson('victim');
    const own = await MaliciousClient.login(world, victim);
    const old = (await victim.facebook.document(victim.id))?.wire;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const renewed = await victim.facebook.rotateMessageKey(victim.id);
    const push = (wire: JsonObject | undefined) =>
      DocumentsCommand.create({ did: victim.id, documents: [wire] } as never);
    own.send(await own.pack(push(renewed.wire)));
    await own.settled();
    const kept = async () => (await world.facebook.document(victim.id))?.wire['data'];
    expect(await kept()).toBe(renewed.wire['data']);

    const client = await MaliciousClient.login(world, mallory);
    const signer = await mallory.facebook.requireSigner(mallory.id);
    const data = (renewed.wire['data'] as string).replace(/"time":\d+/, '"time":4000000000');
    const sign = async (text: string) => encodeBase64(await signer.sign(utf8Encode(text)));
    const forged = [
      { ...renewed.wire, signature: await sign(renewed.wire['data'] as string) },
      { ...renewed.wire, data, signature: await sign(data) },
      { ...renewed.wire, data },
      old,
    ];
    for (const wire of forged) client.send(await client.pack(push(wire)));
    own.send(await own.pack(push(old)));
    await Promise.all([client.settled(), own.settled()]);
    expect(await kept()).toBe(renewed.wire['data']);
    await unharmed(moki, hulk);
  });
});

describe('§14.1 no. 6: the communication key of the victim, in the hands of an attacker', () => {
  test('signs nothing', async () => {
    const { world, moki, hulk } = now();
    const victim = moki.person;
    const [stolen] = await victim.facebook.messageKeys(victim.id);
    const signer = stolen as unknown as { sign?(data: Uint8Array): Promise<Uint8Array> };
    const client = await MaliciousClient.dial(world, victim);
    await client.start();
    const wire = await client.wire(handshakeStart(client.session));
    const signature = await signer.sign?.(decodeBase64(wire['data'] as string));
    if (signature === undefined) expect.unreachable();
    client.send({ ...wire, signature: encodeBase64(signature) });
    await client.settled();
    expect(client.handshakes()).not.toContain('DIM!');
    await unharmed(moki, hulk);
  });
});

describe('§14.1 no. 8: what a connection is logged in as', () => {
  test('a station that is not trusted cannot send in the name of a user', async () => {
    const { world, moki, hulk } = now();
    const fake = await newPerson('gsp-2', { network: EntityType.Station });
    const client = await MaliciousClient.login(world, fake);
    const other = await MaliciousClient.dial(world, moki.person);
    client.send(await other.pack(evil, hulk.person.id));
    client.send({ ...(await other.wire(evil, hulk.person.id)), signature: 'AAAA' });
    await client.settled();
    await unharmed(moki, hulk);
    expectNothingOf('evil', hulk.texts);
  });

  test('a user’s own messages are verified as well', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const wire = await client.wire(evil, hulk.person.id);
    client.send({ ...wire, data: encodeBase64(utf8Encode('{"type":1,"sn":1,"text":"evil"}')) });
    await until(() => client.receipts().includes('Message not valid.'));
    await unharmed(moki, hulk);
    expectNothingOf('evil', hulk.texts);
  });

  test('a user cannot send in the name of another one over their own connection', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    client.send({ ...(await client.wire(evil, hulk.person.id)), sender: moki.person.id.text });
    await until(() => client.receipts().includes('Permission denied.'));
    await unharmed(moki, hulk);
    expectNothingOf('evil', hulk.texts);
  });
});

describe('§14.1 no. 14: the command of another user on a connection that belongs to a user', () => {
  test('is refused with an answer, and the connection goes on', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const victim = await MaliciousClient.dial(world, moki.person);
    const commands: JsonObject[] = [];
    for (const draft of [
      Report.create({ title: 'offline' }),
      handshakeStart(client.session),
      Handshake.create({ title: 'Hello world!', session: 'x' }),
    ]) {
      commands.push(await victim.wire(draft, world.station.id));
    }
    for (const command of commands) client.send(command);
    await until(() => client.receipts().length === commands.length);
    expect(new Set(client.receipts())).toEqual(new Set(['Permission denied.']));
    await client.settled();
    expect(world.logged.filter((line) => line.includes('ingress.failed'))).toEqual([]);
    await unharmed(moki, hulk);
  });
});

describe('§14.1 no. 15: members that only stations write', () => {
  test('are removed from messages of clients, and neither delay a message nor change its destination', async () => {
    const { world, moki, hulk, mallory } = now();
    const [reader, client] = [
      await MaliciousClient.login(world, await friendOf(mallory)),
      await MaliciousClient.login(world, mallory),
    ];
    const station = world.station.id.text;
    client.send({
      ...(await client.wire(Text.create({ text: 'seen' }), reader.person.id)),
      traces: [station],
      recipients: [reader.person.id.text],
      neighbor: station,
      muted: true,
      error: 'x',
      pass: 1,
      origin: { sender: moki.person.id.text },
      GF: true,
    });
    await until(() => reader.of('text').length > 0);
    const relayed = JSON.parse(reader.raw.find((each) => each.includes(mallory.id.text)) ?? '');
    const known = ['sender', 'receiver', 'time', 'type', 'data', 'signature', 'key', 'keys', 'IV'];
    const more = ['group', 'iv', 'meta', 'visa', 'sn'];
    expect(Object.keys(relayed).filter((each) => ![...known, ...more].includes(each))).toEqual([]);
    await unharmed(moki, hulk);
  });
});

async function friendOf(person: Parameters<typeof tell>[1]) {
  const friend = await newPerson('friend');
  await introduce(friend, person);
  return friend;
}
