import { createGroup } from '@dimp/client';
import type { Draft } from '@dimp/dkd';
import { DocumentsCommand, Login, MetaCommand } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { ANY_STATION, EntityType, EVERYONE, signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Line, Office } from './support/command-fixture.ts';
import { newPerson, type Person, protocol } from './support/test-users.ts';

async function metaOf(person: Person): Promise<JsonObject> {
  const meta = await person.facebook.meta(person.id);
  return meta?.wire ?? expect.unreachable();
}

async function visaOf(person: Person): Promise<JsonObject> {
  const visa = await person.facebook.document(person.id);
  return visa?.wire ?? expect.unreachable();
}

/** A newer visa of a user, as their client would make it. */
async function newerVisa({ id, facebook }: Person, later = 1): Promise<JsonObject> {
  const old = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  const properties = { ...old?.properties, name: 'newer' };
  const now = (old?.time ?? 0) + later;
  return (await signDocument({ did: id, type: 'visa', properties, now }, signer)).wire;
}

const bodyOf = (answers: readonly Draft[] | undefined, kind: string): JsonObject =>
  (answers ?? []).find((each) => each.kind === kind)?.body as JsonObject;

describe('the directory answers', () => {
  test('queries for metas and documents of all users it knows, and says what it does not know', async () => {
    const office = await Office.open();
    const [moki, hulk, other] = [
      await newPerson('moki'),
      await newPerson('hulk'),
      await newPerson('other'),
    ];
    await office.meet(moki, hulk);
    const meta = await office.answers(moki, MetaCommand.create({ did: hulk.id }));
    expect(bodyOf(meta, 'meta')).toMatchObject({ did: hulk.id, meta: await metaOf(hulk) });
    const documents = await office.answers(moki, DocumentsCommand.create({ did: hulk.id }));
    expect(bodyOf(documents, 'documents')).toMatchObject({
      meta: await metaOf(hulk),
      documents: [await visaOf(hulk)],
    });
    for (const receiver of [office.id, ANY_STATION]) {
      const options = { receiver };
      expect(await office.replies(moki, MetaCommand.create({ did: other.id }), options)).toEqual([
        'Meta not found.',
      ]);
      expect(
        await office.replies(moki, DocumentsCommand.create({ did: other.id }), options),
      ).toEqual(['Document not found.']);
    }
    expect(await office.replies(moki, MetaCommand.create({ did: moki.id }))).toEqual([]);
  });

  test('one connection once in ten minutes, another device of the same user at once, and changed data at once', async () => {
    const office = await Office.open();
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await office.meet(moki, hulk);
    const ask = (port: number) =>
      office.replies(moki, DocumentsCommand.create({ did: hulk.id }), {
        session: new Line(moki.id, { port }),
      });
    expect(await ask(1)).toEqual(['<documents>']);
    expect(await ask(1)).toEqual([]);
    expect(await ask(2)).toEqual(['<documents>']);
    const visa = await newerVisa(hulk);
    await office.facebook.saveDocument(visa, hulk.id);
    expect(await ask(1)).toEqual(['<documents>']);
    expect(await ask(1)).toEqual([]);
    office.clock.time += 600_000;
    expect(await ask(1)).toEqual(['<documents>']);
    const lately = { did: hulk.id, last_time: office.clock.seconds + 600 };
    expect(await office.replies(moki, DocumentsCommand.create(lately))).toEqual([
      'Document not updated.',
    ]);
  });

  test('with the login of the user, in the message that they signed', async () => {
    const office = await Office.open();
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await office.meet(moki, hulk);
    const login = Login.create({
      did: hulk.id,
      station: { did: office.id, host: 'example.org', port: 9394 },
    });
    const heard = await office.heard(hulk, login, { receiver: EVERYONE });
    await office.commands.process(heard);
    office.commands.acquaintances.wrote(hulk.id, moki.id);
    const answers = await office.answers(moki, DocumentsCommand.create({ did: hulk.id }));
    const { messages } = bodyOf(answers, 'forward') as { messages: readonly JsonObject[] };
    expect(messages).toEqual([heard.message.wire]);
    const [signed] = messages;
    if (signed === undefined) expect.unreachable();
    const key = await office.facebook.verifyKey(hulk.id);
    const { data, signature } = protocol.parseMessage(signed);
    expect(await key?.verify(data, signature)).toBe(true);
    // Not twice, but at once when the user has logged in again.
    expect(await office.replies(moki, DocumentsCommand.create({ did: hulk.id }))).toEqual([]);
    office.clock.time += 300_000;
    await office.answers(hulk, login, { receiver: EVERYONE });
    expect(await office.replies(moki, DocumentsCommand.create({ did: hulk.id }))).toEqual([
      '<forward>',
    ]);
  });

  test('without loops: stations get data and no receipts, and answers cause no query', async () => {
    const office = await Office.open();
    const [moki, other] = [await newPerson('moki'), await newPerson('other')];
    const station = await newPerson('station', { network: EntityType.Station });
    await office.meet(moki, station);
    const options = { session: new Line(station.id, { neighbour: true }) };
    expect(await office.replies(station, MetaCommand.create({ did: moki.id }), options)).toEqual([
      '<meta>',
    ]);
    expect(await office.replies(station, MetaCommand.create({ did: other.id }), options)).toEqual(
      [],
    );
  });
});

describe('the directory takes in', () => {
  test('documents of the sender, by the rules for documents', async () => {
    const office = await Office.open();
    const moki = await newPerson('moki');
    await office.meet(moki);
    const push = async (document: JsonObject) =>
      office.replies(moki, DocumentsCommand.create({ did: moki.id, documents: [document] }));
    const newer = await newerVisa(moki);
    expect(await push(newer)).toEqual(['Document received.']);
    expect(await push(await visaOf(moki))).toEqual(['Document not changed.']);
    expect(
      await push({ ...newer, data: String(newer['data']).replace('newer', 'forged') }),
    ).toEqual(['Document not accepted.']);
    expect(await push(await newerVisa(moki, 3600))).toEqual(['Document not accepted.']);
    expect((await office.facebook.document(moki.id))?.properties['name']).toBe('newer');
    const other = await metaOf(await newPerson('other'));
    expect(await office.replies(moki, MetaCommand.create({ did: moki.id, meta: other }))).toEqual([
      'Meta not valid.',
    ]);
    const many = new Array(17).fill(newer) as JsonObject[];
    expect(
      await office.replies(moki, DocumentsCommand.create({ did: moki.id, documents: many })),
    ).toEqual(['Document not accepted.']);
  });

  test('nothing about third parties, unless a neighbour sends it', async () => {
    const office = await Office.open();
    const [moki, stranger] = [await newPerson('moki'), await newPerson('stranger')];
    const station = await newPerson('station', { network: EntityType.Station });
    await office.meet(moki, station);
    const meta = MetaCommand.create({ did: stranger.id, meta: await metaOf(stranger) });
    const documents = DocumentsCommand.create({
      did: stranger.id,
      meta: await metaOf(stranger),
      documents: [await visaOf(stranger)],
    });
    expect(await office.replies(moki, meta)).toEqual(['Meta not accepted.']);
    expect(await office.replies(moki, documents)).toEqual(['Document not accepted.']);
    expect(await office.facebook.meta(stranger.id)).toBeUndefined();
    const bare = DocumentsCommand.create({ did: stranger.id, documents: [await visaOf(stranger)] });
    expect(await office.replies(moki, bare)).toEqual(['Meta not found.']);
    // An untrusted station is a stranger, too.
    expect(await office.replies(station, documents, { session: new Line(station.id) })).toEqual([]);
    expect(await office.facebook.meta(stranger.id)).toBeUndefined();
    await office.answers(station, documents, {
      session: new Line(station.id, { neighbour: true }),
    });
    expect((await office.facebook.document(stranger.id))?.did.text).toBe(stranger.id.text);
  });

  test('groups from their founders only', async () => {
    const office = await Office.open();
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await office.meet(moki, hulk);
    const { id } = await createGroup('team', {
      facebook: moki.facebook,
      founder: moki.id,
      members: [],
    });
    const meta = (await moki.facebook.meta(id))?.wire ?? expect.unreachable();
    const documents = (await moki.facebook.documents(id)).map(({ wire }) => wire);
    const told = DocumentsCommand.create({ did: id, meta, documents });
    expect(await office.replies(hulk, told)).toEqual(['Document not accepted.']);
    expect(await office.replies(moki, told)).toEqual(['Document received.']);
    // Any user may send documents of a known user: the signature decides.
    expect(await office.replies(hulk, told)).toEqual(['Document received.']);
  });

  test('as many identities as the operator allows, in total and for each address', async () => {
    const office = await Office.open({
      limits: { identities: 5, identityRate: { perSecond: 0.1, burst: 1 } },
    });
    const station = await newPerson('station', { network: EntityType.Station });
    const moki = await newPerson('moki');
    await office.meet(station, moki);
    const group = async (name: string, address: string) => {
      const { id } = await createGroup(name, {
        facebook: moki.facebook,
        founder: moki.id,
        members: [],
      });
      const meta = (await moki.facebook.meta(id))?.wire ?? expect.unreachable();
      return office.replies(moki, MetaCommand.create({ did: id, meta }), {
        session: new Line(moki.id, { address }),
      });
    };
    expect(await group('one', '192.0.2.1')).toEqual(['Meta received.']);
    expect(await group('two', '192.0.2.1')).toEqual(['Too many messages.']);
    expect(await group('three', '192.0.2.2')).toEqual(['Meta received.']);
    office.clock.time += 60_000;
    office.commands.holdBy(() => 'here');
    expect(await group('four', '192.0.2.3')).toEqual(['Too many messages.']);
    expect(office.limited).toEqual(['identityRate', 'identities']);
    const stranger = await newPerson('stranger');
    await expect(office.commands.identities.admit(stranger.id, undefined)).rejects.toMatchObject({
      code: 'policy/rate-limited',
    });
    await office.commands.identities.admit(moki.id, undefined);
  });
});
