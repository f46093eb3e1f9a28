import { isWaiting, type Transport } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Facebook } from '../src/index.ts';
import { bytesOf, oldMessage } from './old-peer.ts';
import { protocol } from './people.ts';
import { type Client, tell, text, twoPeers, visaOf, World } from './world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let numbers = 0;

/** A text as an older program sends it: nothing proves that its sender knows what is in it. */
async function unproven(
  world: World,
  from: Pick<Client, 'id' | 'facebook'>,
  to: Client,
  words: string,
) {
  const time = Math.floor(world.time.now() / 1000);
  const sn = 1_000_000_000 + numbers++;
  return bytesOf(
    await oldMessage(from, to, {
      text: `{"type":1,"sn":${sn},"time":${time},"text":"${words}"}`,
      time,
    }),
  );
}

/** To whom a client has sent something; it is taken away. */
function sentTo(client: Client): readonly string[] {
  return client.sent.splice(0).map(({ to }) => to.name ?? to.text);
}

describe('a stranger who is not proven to know the content', () => {
  test('gets no receipt, for a repetition neither, until the user writes to them', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await unproven(world, moki, hulk, 'hi');
    await world.deliver(bytes, hulk);
    await world.pass(MINUTE);
    await world.deliver(bytes, hulk);
    expect(hulk.shown).toEqual(['hi']);
    expect(sentTo(hulk)).toEqual([]);
    await world.restart(hulk);
    await hulk.messenger.send(text('hello'), moki.id);
    await hulk.messenger.idle();
    expect([...(await contentsOf(hulk, moki))].sort()).toEqual(['receipt', 'text']);
    // Once is enough.
    await world.restart(hulk);
    await hulk.messenger.send(text('hello again'), moki.id);
    await hulk.messenger.idle();
    expect((await contentsOf(hulk, moki)).filter((kind) => kind === 'receipt')).toEqual([]);
  });

  test.each(['addContact', 'accept'] as const)('gets it when the user says %s', async (how) => {
    const { world, moki, hulk } = await twoPeers();
    await world.deliver(await unproven(world, moki, hulk, 'hi'), hulk);
    expect(sentTo(hulk)).toEqual([]);
    if (how === 'accept') await hulk.messenger.accept(moki.id);
    else await hulk.facebook.addContact(hulk.id, moki.id);
    await hulk.messenger.idle();
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
    await world.deliver(await unproven(world, moki, hulk, 'again'), hulk);
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
  });

  test('gets those of the last seven days, and 64 at most', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.deliver(await unproven(world, moki, hulk, 'too old'), hulk);
    await world.pass(7 * DAY + MINUTE);
    for (let n = 0; n < 70; n++) {
      await world.deliver(await unproven(world, moki, hulk, `${n}`), hulk);
    }
    expect(hulk.shown).toHaveLength(71);
    await world.pass(6 * DAY);
    await hulk.messenger.accept(moki.id);
    await hulk.messenger.idle();
    expect(await contentsOf(hulk, moki)).toEqual(Array(64).fill('receipt'));
  });

  test('gets it from a program with the policy everybody', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(hulk, { receipts: 'everybody' });
    await world.deliver(await unproven(world, moki, hulk, 'hi'), hulk);
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
  });
});

describe('a stranger who is proven to know the content', () => {
  test('gets receipts at once, 60 an hour at most', async () => {
    const { world, moki, hulk } = await twoPeers();
    for (let n = 0; n < 70; n++) await world.deliver(await packed(moki, hulk.id, `${n}`), hulk);
    expect(await contentsOf(hulk, moki)).toEqual(Array(60).fill('receipt'));
    await world.pass(61 * MINUTE);
    await world.deliver(await packed(moki, hulk.id, 'later'), hulk);
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
    expect(hulk.shown).toHaveLength(71);
  });

  test('gets them while 500 others flood', async () => {
    const { world, moki, hulk } = await twoPeers();
    for (let n = 0; n < 500; n++) {
      const other = await stranger(`flood-${n}`);
      const meta = await other.facebook.meta(other.id);
      const time = Math.floor(world.time.now() / 1000);
      const wire = await oldMessage(other, hulk, {
        text: `{"type":1,"sn":${1_000_000_000 + n},"time":${time},"text":"flood"}`,
        time,
        extra: meta === undefined ? {} : { meta: meta.wire },
      });
      await world.deliver(bytesOf(wire), hulk);
    }
    expect(hulk.shown).toHaveLength(500);
    expect(hulk.sent).toEqual([]);
    await world.deliver(await packed(moki, hulk.id, 'hi'), hulk);
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
  }, 120_000);
});

describe('a receipt', () => {
  test('for a peer whose visa is not known is sent when the visa comes, an hour later and after a restart', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('hi'), hulk.id, { attachMeta: true });
    if (isWaiting(message)) expect.unreachable();
    await world.deliver(moki.messenger.serialize(message), hulk);
    expect(hulk.shown).toEqual(['hi']);
    expect(hulk.sent.splice(0).every(({ to }) => to.isBroadcast)).toBe(true);
    await world.pass(60 * MINUTE);
    hulk.sent.length = 0;
    await world.restart(hulk);
    await world.rest();
    await hulk.facebook.saveDocument(await visaOf(moki), moki.id);
    await hulk.messenger.idle();
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
  });

  test('for a peer whose visa came while the program was stopped is sent at the next start', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('hi'), hulk.id, { attachMeta: true });
    if (isWaiting(message)) expect.unreachable();
    await world.deliver(moki.messenger.serialize(message), hulk);
    hulk.store.crash();
    const elsewhere = new Facebook({ protocol, store: hulk.durable, clock: world.time });
    await elsewhere.saveDocument(await visaOf(moki), moki.id);
    await world.restart(hulk);
    await world.rest();
    expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
  });

  test('that the network did not take is sent when it is back, after a restart as well', async () => {
    const { world, moki, hulk } = await twoPeers();
    for (const restarts of [false, true]) {
      const bytes = await packed(moki, hulk.id, `restarts: ${restarts}`);
      await hulk.messenger.connect(brokenTransport(bytes));
      await hulk.messenger.idle();
      expect(hulk.sent).toEqual([]);
      if (restarts) await world.restart(hulk);
      else hulk.messenger.resume();
      await world.rest();
      expect(await contentsOf(hulk, moki)).toEqual(['receipt']);
    }
    expect(hulk.shown).toHaveLength(2);
  });

  test('is worth nothing after seven days', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('hi'), hulk.id, { attachMeta: true });
    if (isWaiting(message)) expect.unreachable();
    await world.deliver(moki.messenger.serialize(message), hulk);
    await world.pass(7 * DAY + MINUTE);
    hulk.sent.length = 0;
    await hulk.facebook.saveDocument(await visaOf(moki), moki.id);
    await hulk.messenger.idle();
    expect(hulk.sent).toEqual([]);
  });
});

/** Kinds of what a client has sent to another one; it is taken away. */
async function contentsOf(from: Client, to: Client): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (const packet of from.sent.splice(0)) {
    if (packet.to.entity !== to.id.entity) continue;
    const opened = await to.messenger.unpack(packet.bytes);
    if (isWaiting(opened)) expect.unreachable();
    kinds.push(opened.content.kind);
  }
  return kinds;
}

async function packed(from: Client, to: ID, words: string): Promise<Uint8Array> {
  const message = await from.messenger.pack(text(words), to);
  if (isWaiting(message)) expect.unreachable();
  return from.messenger.serialize(message);
}

/** Brings one message and takes nothing. */
function brokenTransport(payload: Uint8Array): Transport {
  const closed = async (): Promise<void> => {
    throw new ProtocolError('transport/closed', 'nothing is taken');
  };
  return {
    send: closed,
    incoming: (async function* () {
      yield { payload, acknowledge: () => undefined };
    })(),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** An identity that costs next to nothing: no key for a visa. */
async function stranger(name: string): Promise<Pick<Client, 'id' | 'facebook'>> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const signer = await protocol.keys.generate('Ed25519');
  const meta = await protocol.metas.generate({ type: '1', signer, seed: name });
  const id = protocol.metas.makeID(meta, EntityType.User);
  await facebook.saveLocalUser({ id, meta, documents: [], signer, messageKeys: [] });
  return { id, facebook };
}
