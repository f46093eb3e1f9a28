import { isWaiting } from '@dimp/core';
import {
  Command,
  DocumentsCommand,
  Handshake,
  handshakeAgain,
  handshakeSuccess,
  MetaCommand,
} from '@dimp/extensions/commands';
import { ANYONE, EntityType, type ID, signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { createGroup } from '../src/index.ts';
import { acquaint, type Client, metaOf, tell, text, twoPeers, visaOf, World } from './world.ts';

const MINUTE = 60_000;
const STATION = { network: EntityType.Station, screen: false } as const;

type AnyDraft = Parameters<Client['messenger']['pack']>[0];

/** Says something to a client and reads what it answers, which is not carried on. */
async function answersOf(
  world: World,
  from: Client,
  to: Client,
  draft: AnyDraft,
  receiver = to.id,
) {
  const message = await from.messenger.pack(draft, receiver);
  if (isWaiting(message)) expect.unreachable();
  await world.deliver(from.messenger.serialize(message), to);
  const answers: { kind: string; body: Record<string, unknown> }[] = [];
  for (const { bytes, to: whom } of to.sent.splice(0)) {
    if (whom.entity !== from.id.entity) continue;
    const opened = await from.messenger.unpack(bytes);
    if (isWaiting(opened)) expect.unreachable();
    answers.push(opened.content as never);
  }
  return answers;
}

const receipt = (words: string) => [{ kind: 'receipt', body: { text: words } }];

describe('a question for a meta', () => {
  test('of a user of this machine is answered with it', async () => {
    const { world, moki, hulk } = await twoPeers();
    const answers = await answersOf(world, moki, hulk, MetaCommand.create({ did: hulk.id }));
    const { wire } = await metaOf(hulk);
    expect(answers).toMatchObject([{ kind: 'meta', body: { meta: { key: wire['key'] } } }]);
  });

  test('of another user is not, unless we are a directory, because contacts are private', async () => {
    const { world, moki, hulk } = await twoPeers();
    const monkey = await world.join('monkey');
    await tell(hulk, monkey);
    const question = MetaCommand.create({ did: monkey.id });
    expect(await answersOf(world, moki, hulk, question)).toMatchObject(receipt('Meta not found.'));
    await world.restart(hulk, { directory: true });
    expect(await answersOf(world, moki, hulk, question)).toMatchObject([{ kind: 'meta' }]);
  });

  test('of a group is answered by its members', async () => {
    const { world, moki, hulk } = await twoPeers();
    const { id } = await createGroup('team', {
      facebook: hulk.facebook,
      founder: hulk.id,
      members: [moki.id],
    });
    const question = MetaCommand.create({ did: id });
    expect(await answersOf(world, moki, hulk, question)).toMatchObject([{ kind: 'meta' }]);
  });

  test('of who asks is not answered', async () => {
    const { world, moki, hulk } = await twoPeers();
    const question = MetaCommand.create({ did: moki.id });
    expect(await answersOf(world, moki, hulk, question)).toEqual([]);
  });

  test('is answered once in ten minutes to the same person', async () => {
    const { world, moki, hulk } = await twoPeers();
    const ask = async (from: Client) =>
      (await answersOf(world, from, hulk, MetaCommand.create({ did: hulk.id }))).length;
    const monkey = await world.join('monkey');
    await acquaint(monkey, hulk);
    expect([await ask(moki), await ask(moki), await ask(monkey)]).toEqual([1, 0, 1]);
    await world.pass(10 * MINUTE);
    hulk.sent.length = 0;
    expect(await ask(moki)).toBe(1);
  });

  test('to all stations is answered by those who know, and by no other', async () => {
    const { world, moki, hulk } = await twoPeers();
    const question = DocumentsCommand.create({ did: hulk.id });
    const answers = await answersOf(world, moki, hulk, question, ANYONE);
    expect(answers).toMatchObject([{ kind: 'documents' }]);
    const other = MetaCommand.create({ did: ANYONE });
    expect(await answersOf(world, moki, hulk, other, ANYONE)).toEqual([]);
  });
});

describe('a question for documents', () => {
  test('is answered with them and the meta', async () => {
    const { world, moki, hulk } = await twoPeers();
    const question = DocumentsCommand.create({ did: hulk.id });
    const [answer] = await answersOf(world, moki, hulk, question);
    expect(answer).toMatchObject({ kind: 'documents', body: { meta: {}, documents: [{}] } });
  });

  test('newer than ours, or of an unknown entity, is answered with a receipt', async () => {
    const { world, moki, hulk } = await twoPeers();
    const time = (await visaOf(hulk)).time ?? 0;
    const ask = (did: ID, last_time: number) =>
      answersOf(world, moki, hulk, DocumentsCommand.create({ did, last_time }));
    expect(await ask(hulk.id, time)).toMatchObject(receipt('Document not updated.'));
    expect(await ask(hulk.id, time - 1)).toMatchObject([{ kind: 'documents' }]);
    const stranger = await world.join('stranger');
    expect(await ask(stranger.id, 0)).toMatchObject(receipt('Document not found.'));
  });
});

describe('metas and documents of others', () => {
  test('of themselves is kept, and they hear so', async () => {
    const { world, moki, hulk } = await twoPeers();
    const monkey = await world.join('monkey');
    await tell(monkey, hulk);
    await hulk.facebook.saveMeta(await metaOf(monkey), monkey.id);
    const documents = [(await visaOf(monkey)).wire];
    const told = DocumentsCommand.create({ did: monkey.id, documents });
    await answersOf(world, monkey, hulk, told);
    expect(await hulk.facebook.document(monkey.id)).toBeDefined();
    // Now the sender can be answered.
    const answers = await answersOf(world, monkey, hulk, told);
    expect(answers).toMatchObject(receipt('Document received.'));
    const meta = (await metaOf(moki)).wire;
    const own = MetaCommand.create({ did: moki.id, meta });
    expect(await answersOf(world, moki, hulk, own)).toMatchObject(receipt('Meta received.'));
  });

  test('of strangers is not kept, unless we have asked for it or are a directory', async () => {
    const { world, moki, hulk } = await twoPeers();
    const stranger = await world.join('stranger');
    const meta = (await metaOf(stranger)).wire;
    const told = MetaCommand.create({ did: stranger.id, meta });
    const refused = receipt('Meta not accepted.');
    expect(await answersOf(world, moki, hulk, told)).toMatchObject(refused);
    expect(await hulk.facebook.meta(stranger.id)).toBeUndefined();
    await hulk.messenger.send(text('who are you?'), stranger.id);
    expect(await answersOf(world, moki, hulk, told)).toMatchObject(receipt('Meta received.'));
    expect(await hulk.facebook.meta(stranger.id)).toBeDefined();
  });

  test('and is wrong or old changes nothing, and they hear why', async () => {
    const { world, moki, hulk } = await twoPeers();
    const wrong = MetaCommand.create({ did: moki.id, meta: (await metaOf(hulk)).wire });
    expect(await answersOf(world, moki, hulk, wrong)).toMatchObject(receipt('Meta not valid.'));
    const visa = await visaOf(moki);
    const signer = await moki.facebook.requireSigner(moki.id);
    const made = (now: number) =>
      signDocument(
        { did: moki.id, type: 'visa', properties: { ...visa.properties, now }, now },
        signer,
      );
    const older = await made((visa.time ?? 0) - 10);
    const newer = await made((visa.time ?? 0) + 10);
    const push = (wire: typeof older.wire) =>
      answersOf(world, moki, hulk, DocumentsCommand.create({ did: moki.id, documents: [wire] }));
    expect(await push(older.wire)).toMatchObject(receipt('Document not changed.'));
    const forged = { ...newer.wire, data: older.wire['data'] as string };
    expect(await push(forged)).toMatchObject(receipt('Document not accepted.'));
    expect((await hulk.facebook.document(moki.id))?.time).toBe(visa.time);
    expect(await push(newer.wire)).toMatchObject(receipt('Document received.'));
    expect((await hulk.facebook.document(moki.id))?.time).toBe(newer.time);
  });
});

describe('a handshake', () => {
  async function dialled() {
    const world = new World();
    const station = await world.join('station', STATION);
    const other = await world.join('other', STATION);
    const moki = await world.join('moki', { station: station.id });
    const hulk = await world.join('hulk');
    await acquaint(station, other, moki, hulk);
    const events: unknown[] = [];
    moki.messenger.on('handshake', (event) => events.push(event));
    return { world, station, other, moki, hulk, events };
  }

  test('of the station we have dialled is answered with the session it gave', async () => {
    const { world, station, moki, events } = await dialled();
    const answers = await answersOf(world, station, moki, handshakeAgain('secret'));
    expect(answers).toMatchObject([
      { kind: 'handshake', body: { title: 'Hello world!', session: 'secret' } },
    ]);
    expect(await answersOf(world, station, moki, handshakeSuccess('secret'))).toEqual([]);
    expect(events).toMatchObject([
      { state: 'again', session: 'secret', station: { entity: station.id.entity } },
      { state: 'success' },
    ]);
  });

  test('of another station, or of a person, is neither answered nor told', async () => {
    const { world, other, moki, hulk, events } = await dialled();
    for (const from of [other, hulk]) {
      expect(await answersOf(world, from, moki, handshakeAgain('secret'))).toEqual([]);
      const start = Handshake.create({ title: 'Hello world!' });
      expect(await answersOf(world, from, moki, start)).toEqual([]);
    }
    expect(events).toEqual([]);
  });

  test('of any station is not answered while none was dialled', async () => {
    const { world, station, hulk } = await dialled();
    expect(await answersOf(world, station, hulk, handshakeAgain('secret'))).toEqual([]);
  });
});

describe('a command without a handler', () => {
  test('is answered with a receipt for a command, and told to the application', async () => {
    const { world, moki, hulk } = await twoPeers();
    const unhandled: string[] = [];
    hulk.messenger.on('unhandled', ({ content }) => unhandled.push(content.kind));
    const dance = Command.create({ command: 'dance' });
    const answers = await answersOf(world, moki, hulk, dance);
    expect(answers).toMatchObject(receipt('Command not support.'));
    expect(unhandled).toEqual(['command']);
  });

  test.each([EntityType.Station, EntityType.Bot])(
    'gets no receipt if it comes from a machine (%i), nor does a text',
    async (network) => {
      const { world, hulk } = await twoPeers();
      const machine = await world.join('machine', { network, screen: false });
      await acquaint(machine, hulk);
      expect(await answersOf(world, machine, hulk, Command.create({ command: 'x' }))).toEqual([]);
      expect(await answersOf(world, machine, hulk, text('hi'))).toEqual([]);
      expect(hulk.shown).toEqual(['hi']);
    },
  );

  test('gets no receipt if it was a broadcast', async () => {
    const { world, moki, hulk } = await twoPeers();
    expect(await answersOf(world, moki, hulk, text('hi'), ANYONE)).toEqual([]);
    const dance = Command.create({ command: 'dance' });
    expect(await answersOf(world, moki, hulk, dance, ANYONE)).toEqual([]);
    expect(hulk.shown).toEqual(['hi']);
  });
});

test('an answer that cannot be packed is reported, and harms neither the connection nor later messages', async () => {
  const { world, moki, hulk } = await twoPeers();
  await world.restart(hulk, { directory: true });
  const monkey = await world.join('monkey');
  await tell(hulk, monkey);
  const signer = await monkey.facebook.requireSigner(monkey.id);
  const visa = await visaOf(monkey);
  const time = visa.time ?? 0;
  for (let n = 0; n < 15; n++) {
    const properties = { ...visa.properties, text: 'x'.repeat(60_000) };
    const request = { did: monkey.id, type: 'visa', properties, now: time + 1 + n };
    const { wire } = await signDocument({ ...request, terminal: `phone-${n}` }, signer);
    await hulk.facebook.saveDocument(wire, monkey.id);
  }
  const question = DocumentsCommand.create({ did: monkey.id });
  expect(await answersOf(world, moki, hulk, question)).toEqual([]);
  expect(hulk.failed).toMatchObject([{ code: 'format/limit' }]);
  expect(await answersOf(world, moki, hulk, text('hi'))).toHaveLength(1);
});
