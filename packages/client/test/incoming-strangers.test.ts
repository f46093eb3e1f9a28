import { isWaiting, type PackOptions } from '@dimp/core';
import { DocumentsCommand, MetaCommand } from '@dimp/extensions/commands';
import { EntityType, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook } from '../src/index.ts';
import { protocol } from './people.ts';
import {
  acquaint,
  type Client,
  countSuspended,
  metaOf,
  tell,
  text,
  visaOf,
  World,
} from './world.ts';

const MINUTE = 60_000;

/** A message without meta and visa, as programs send that have sent them before. */
async function bare(from: Client, to: ID, words = 'hi', options: PackOptions = {}) {
  const message = await from.messenger.pack(text(words), to, options);
  if (isWaiting(message)) expect.unreachable();
  return from.messenger.serialize(message);
}

/** Moki knows Hulk, but not the other way round. */
async function oneWay() {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await tell(moki, hulk);
  return { world, moki, hulk };
}

/** What a client has asked the network for, as `kind name`; the questions are taken away. */
function questions(client: Client): readonly string[] {
  const asked = client.sent.filter(({ to }) => to.isBroadcast);
  client.sent.length = 0;
  return asked.map(({ bytes }) => {
    const { data } = protocol.parseMessage(bytes);
    const { kind, body } = protocol.parseContent(data) as { kind: string; body: { did: ID } };
    return `${kind} ${body.did.name}`;
  });
}

describe('a message from a stranger', () => {
  test('is stored, requested, not shown and not confirmed; it is shown when their meta is saved', async () => {
    const { world, moki, hulk } = await oneWay();
    const waits: unknown[] = [];
    hulk.messenger.on('waiting', (missing) => waits.push(missing));
    await world.deliver(await bare(moki, hulk.id), hulk);
    expect(hulk.shown).toEqual([]);
    expect(await countSuspended(hulk)).toBe(1);
    expect(waits).toMatchObject([{ for: 'meta', id: { entity: moki.id.entity } }]);
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
    await hulk.facebook.saveMeta(await metaOf(moki), moki.id);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['hi']);
    expect(await countSuspended(hulk)).toBe(0);
    expect(hulk.failed).toEqual([]);
  });

  test('is confirmed when it is shown at last', async () => {
    const { world, moki, hulk } = await oneWay();
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    moki.sent.length = 0;
    await world.deliver(await bare(moki, hulk.id, 'first'), hulk);
    questions(hulk);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect(hulk.sent.map(({ to }) => to.entity)).toEqual([moki.id.entity]);
    await world.carry();
    expect(delivery.state).toBe('sent');
  });

  test('waits over a restart', async () => {
    const { world, moki, hulk } = await oneWay();
    await world.deliver(await bare(moki, hulk.id), hulk);
    await world.restart(hulk);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual([]);
    // It was asked about a moment ago.
    expect(questions(hulk)).toEqual([]);
    await world.pass(10 * MINUTE);
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['hi']);
  });

  test('is shown at the next start if their meta came while the program died', async () => {
    const { world, moki, hulk } = await oneWay();
    await world.deliver(await bare(moki, hulk.id), hulk);
    hulk.store.crash();
    const elsewhere = new Facebook({ protocol, store: hulk.durable, clock: world.time });
    await elsewhere.saveMeta(await metaOf(moki), moki.id);
    await world.restart(hulk);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['hi']);
    expect(await countSuspended(hulk)).toBe(0);
  });

  test('with their meta attached is shown at once, after those that waited, in order', async () => {
    const { world, moki, hulk } = await oneWay();
    await world.deliver(await bare(moki, hulk.id, 'one'), hulk);
    await world.deliver(await bare(moki, hulk.id, 'two'), hulk);
    const attached = { attachMeta: true, attachVisa: true };
    await world.deliver(await bare(moki, hulk.id, 'three', attached), hulk);
    expect([...hulk.shown].sort()).toEqual(['one', 'three', 'two']);
    expect(hulk.shown.indexOf('one')).toBeLessThan(hulk.shown.indexOf('two'));
    expect(await hulk.facebook.document(moki.id)).toBeDefined();
  });

  test.each(['meta', 'documents'] as const)(
    'is shown when a peer answers the question for the %s',
    async (kind) => {
      const { world, moki, hulk } = await oneWay();
      const station = await world.join('station', {
        network: EntityType.Station,
        directory: true,
        screen: false,
      });
      await tell(station, moki, hulk);
      await tell(hulk, station);
      await world.deliver(await bare(moki, hulk.id), hulk);
      hulk.sent.length = 0;
      const meta = (await metaOf(moki)).wire;
      const documents = [(await visaOf(moki)).wire];
      const draft =
        kind === 'meta'
          ? MetaCommand.create({ did: moki.id, meta })
          : DocumentsCommand.create({ did: moki.id, meta, documents });
      const answer = await station.messenger.pack(draft, hulk.id);
      if (isWaiting(answer)) expect.unreachable();
      await world.deliver(station.messenger.serialize(answer), hulk);
      expect(hulk.shown).toEqual(['hi']);
    },
  );

  test('is shown without the user’s help if a station knows them', async () => {
    const { world, moki, hulk } = await oneWay();
    const station = await world.join('station', {
      network: EntityType.Station,
      directory: true,
      screen: false,
    });
    await acquaint(station, hulk);
    await tell(station, moki);
    await world.deliver(await bare(moki, hulk.id), hulk);
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
  });
});

describe('a message to a whole group', () => {
  async function team() {
    const { world, moki, hulk } = await oneWay();
    const group = await createGroup('team', {
      facebook: moki.facebook,
      founder: moki.id,
      members: [hulk.id],
    });
    const message = await moki.messenger.packForGroup(text('hi'), group.id, { form: 'whole' });
    if (isWaiting(message) || message[0] === undefined) expect.unreachable();
    const members = await group.members();
    return { world, moki, hulk, group: group.id, members, message: message[0] };
  }

  test('waits for the member list when the sender is known', async () => {
    const { world, moki, hulk, group, members, message } = await team();
    await tell(hulk, moki);
    await world.deliver(moki.messenger.serialize(message), hulk);
    expect([hulk.shown, hulk.refused, await countSuspended(hulk)]).toEqual([[], [], 1]);
    expect(questions(hulk)).toEqual(['meta team', 'documents team']);
    await hulk.facebook.saveMembers(group, members);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['hi']);
    expect(await countSuspended(hulk)).toBe(0);
  });

  test.each([false, true])(
    'from a stranger waits for his meta first and then for the member list (restarts in between: %s)',
    async (restarts) => {
      const { world, moki, hulk, group, members, message } = await team();
      await world.deliver(moki.messenger.serialize(message), hulk);
      await tell(hulk, moki);
      await hulk.messenger.idle();
      expect(await countSuspended(hulk)).toBe(1);
      if (restarts) await world.restart(hulk);
      await hulk.facebook.saveMembers(group, members);
      await hulk.messenger.idle();
      expect(hulk.shown).toEqual(['hi']);
      expect(await countSuspended(hulk)).toBe(0);
    },
  );
});

describe('of the messages of strangers', () => {
  test('32 messages of each are kept, the oldest goes first', async () => {
    const { world, moki, hulk } = await oneWay();
    for (let n = 1; n <= 40; n++) await world.deliver(await bare(moki, hulk.id, `${n}`), hulk);
    expect(await countSuspended(hulk)).toBe(32);
    await world.restart(hulk);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(Array.from({ length: 32 }, (_, index) => String(index + 9)));
  });

  test('a message that comes again while it waits is kept once', async () => {
    const { world, moki, hulk } = await oneWay();
    const bytes = await bare(moki, hulk.id);
    await world.deliver(bytes, hulk);
    await world.deliver(bytes, hulk);
    await world.restart(hulk);
    await world.deliver(bytes, hulk);
    expect(await countSuspended(hulk)).toBe(1);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['hi']);
  });

  test('a message that has waited so long that it would be refused is removed', async () => {
    const { world, moki, hulk } = await oneWay();
    await world.deliver(await bare(moki, hulk.id), hulk);
    await world.pass(9 * 24 * 60 * MINUTE);
    expect(await countSuspended(hulk)).toBe(0);
  });

  test('a message that proves to be forged when the meta arrives is refused and removed', async () => {
    const { world, moki, hulk } = await oneWay();
    const wire = JSON.parse(new TextDecoder().decode(await bare(moki, hulk.id)));
    const eve = await world.join('eve');
    await tell(eve, hulk);
    const other = JSON.parse(new TextDecoder().decode(await bare(eve, hulk.id)));
    const forged = JSON.stringify({ ...other, sender: wire.sender });
    await world.deliver(new TextEncoder().encode(forged), hulk);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect([hulk.shown, hulk.refused]).toEqual([[], ['crypto/signature']]);
    expect(await countSuspended(hulk)).toBe(0);
  });
});

describe('a question', () => {
  test('for the same entity is asked once in ten minutes, however many messages wait', async () => {
    const { world, moki, hulk } = await oneWay();
    const deliver = async () => world.deliver(await bare(moki, hulk.id), hulk);
    await deliver();
    await deliver();
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
    await world.pass(9 * MINUTE);
    await deliver();
    await hulk.messenger.send(text('hello'), moki.id);
    await hulk.messenger.idle();
    expect(questions(hulk)).toEqual([]);
    await world.pass(2 * MINUTE);
    // Without anything new: as long as something waits, it is asked again.
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
    await world.pass(8 * MINUTE);
    expect(questions(hulk)).toEqual([]);
  });

  test('is asked once in ten minutes by a program that is started every minute, which takes the answer later', async () => {
    const { world, moki, hulk } = await oneWay();
    await world.deliver(await bare(moki, hulk.id), hulk);
    const asked: string[] = [...questions(hulk)];
    for (let runs = 0; runs < 9; runs++) {
      await world.pass(MINUTE);
      await world.restart(hulk);
      await hulk.messenger.idle();
      asked.push(...questions(hulk));
    }
    expect(asked).toEqual(['meta moki', 'documents moki']);
    const station = await world.join('station', { network: EntityType.Station, directory: true });
    await tell(station, moki, hulk);
    await tell(hulk, station);
    const meta = (await metaOf(moki)).wire;
    const answer = await station.messenger.pack(
      MetaCommand.create({ did: moki.id, meta }),
      hulk.id,
    );
    if (isWaiting(answer)) expect.unreachable();
    await world.deliver(station.messenger.serialize(answer), hulk);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('for whom our own user writes to is asked again by each run of the program', async () => {
    const { world, moki, hulk } = await oneWay();
    await hulk.messenger.send(text('hello'), moki.id);
    await hulk.messenger.idle();
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
    await world.restart(hulk);
    await hulk.messenger.idle();
    expect(questions(hulk)).toEqual(['meta moki', 'documents moki']);
  });

  test('that could not be asked without a connection is asked as soon as there is one', async () => {
    const { world, moki, hulk } = await oneWay();
    hulk.online = false;
    await world.deliver(await bare(moki, hulk.id), hulk);
    const monkey = await world.join('monkey');
    await hulk.messenger.send(text('hello'), monkey.id);
    await hulk.messenger.idle();
    expect(hulk.sent).toEqual([]);
    hulk.online = true;
    hulk.messenger.resume();
    await hulk.messenger.idle();
    expect([...questions(hulk)].sort()).toEqual([
      'documents moki',
      'documents monkey',
      'meta moki',
      'meta monkey',
    ]);
  });

  test('is asked in the clear, with who asks attached, and for documents newer than ours', async () => {
    const { world, moki, hulk } = await oneWay();
    await tell(hulk, moki);
    const bytes = await bare(moki, hulk.id);
    const wire = JSON.parse(new TextDecoder().decode(bytes));
    const newer = { ...wire, SDT: ((await visaOf(moki)).time ?? 0) + 100 };
    await world.deliver(new TextEncoder().encode(JSON.stringify(newer)), hulk);
    const asked = hulk.sent.find(({ to }) => to.isBroadcast);
    if (asked === undefined) expect.unreachable();
    const message = protocol.parseMessage(asked.bytes);
    expect(message).toMatchObject({ broadcast: true, meta: {}, visa: {} });
    expect(protocol.parseContent(message.data)).toMatchObject({
      kind: 'documents',
      body: { last_time: (await visaOf(moki)).time },
    });
  });
});
