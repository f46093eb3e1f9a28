import { memoryStore } from '@dimp/core/memory';
import { receiptFor } from '@dimp/extensions/commands';
import { EntityType, signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Facebook, register } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, type Client, onlyDelivery, tell, text, visaOf, World } from './world.ts';

const STATION = { network: EntityType.Station, directory: true, screen: false } as const;
const MINUTE = 60_000;

/** Moki knows Hulk's old phone. Hulk has registered again on another one, and only the station knows the new visa. */
async function scene(options: { readonly known?: boolean } = {}) {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  const station = await world.join('station', STATION);
  await acquaint(moki, hulk, station);
  hulk.online = false;
  await world.pass(2000);
  const phone = await startAnew(world, hulk);
  if (options.known !== false) await station.facebook.saveDocument(await visaOf(phone), phone.id);
  return { world, moki, hulk, station, phone };
}

/** The same person on another machine, from the words that make the identity: same ID, another key for receiving. */
async function startAnew(world: World, { facebook: old, id }: Client): Promise<Client> {
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store, clock: world.time });
  const signer = await old.requireSigner(id);
  const user = await register('hulk', { facebook, signer, metaType: '1' });
  expect(user.id.entity).toBe(id.entity);
  const client = await world.join('hulk', { store });
  world.connect(client);
  return client;
}

/** Messages of Moki's to persons, as they travel. */
const messagesOf = ({ sent }: Client) =>
  sent
    .map(({ bytes }) => protocol.parseMessage(bytes))
    .filter(({ envelope }) => !envelope.receiver.isBroadcast);

describe('messages that were packed for a key which the receiver has lost', () => {
  test('are packed anew for the key of the newer visa, which is requested because they are not confirmed', async () => {
    const { world, moki, phone } = await scene();
    for (const words of ['one', 'two', 'three']) await moki.messenger.send(text(words), phone.id);
    const [first] = await moki.messenger.deliveries();
    await world.live(MINUTE, 15_000);
    expect(phone.shown).toEqual(['one', 'two', 'three']);
    expect(first?.state).toBe('received');
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('are packed anew although a station says that it has delivered them', async () => {
    const { world, moki, phone, station } = await scene();
    await tell(phone, moki);
    await moki.messenger.send(text('hi'), phone.id);
    await moki.messenger.idle();
    const [message] = messagesOf(moki);
    if (message === undefined) expect.unreachable();
    const { envelope, signature } = message;
    const receipt = receiptFor(envelope, 'Message delivered.', { signature });
    const packed = await station.messenger.pack(receipt, moki.id);
    if ('status' in packed) expect.unreachable();
    await world.deliver(station.messenger.serialize(packed), moki);
    expect((await onlyDelivery(moki)).state).toBe('delivered');
    await world.live(MINUTE, 15_000);
    expect(phone.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('keep their serial number and time, and the receipt for the older form still counts', async () => {
    const { world, moki, hulk, phone } = await scene({ known: false });
    await moki.messenger.send(text('hi'), phone.id);
    await moki.messenger.idle();
    const delivery = await onlyDelivery(moki);
    const [old] = messagesOf(moki);
    // A receipt for what has just left could still be under way.
    await world.pass(20_000);
    moki.sent.length = 0;
    await moki.facebook.saveDocument(await visaOf(phone), phone.id);
    await moki.messenger.idle();
    const [renewed] = messagesOf(moki);
    if (old === undefined || renewed === undefined) expect.unreachable();
    expect(renewed.signature).not.toEqual(old.signature);
    await tell(phone, moki);
    const opened = await phone.messenger.unpack(JSON.stringify(renewed.wire));
    const { sn, time } = delivery.content;
    expect(opened).toMatchObject({ content: { sn, time } });
    // The old phone had got it after all.
    const receipt = receiptFor(old.envelope, 'Message received.', { signature: old.signature });
    const message = await hulk.messenger.pack(receipt, moki.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(hulk.messenger.serialize(message), moki);
    expect(delivery.state).toBe('received');
  });

  test('are sent in the new form even if the older form is confirmed first, because the next message names it', async () => {
    const { world, moki, hulk, phone } = await scene({ known: false });
    for (const words of ['one', 'two']) await moki.messenger.send(text(words), phone.id);
    await moki.messenger.idle();
    const [delivery] = await moki.messenger.deliveries();
    const [old] = messagesOf(moki);
    if (old === undefined || delivery === undefined) expect.unreachable();
    await world.pass(20_000);
    moki.sent.length = 0;
    moki.online = false;
    await moki.facebook.saveDocument(await visaOf(phone), phone.id);
    await moki.messenger.idle();
    const receipt = receiptFor(old.envelope, 'Message received.', { signature: old.signature });
    const message = await hulk.messenger.pack(receipt, moki.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(hulk.messenger.serialize(message), moki);
    expect(delivery.state).toBe('queued');
    moki.online = true;
    moki.messenger.resume();
    await world.live(MINUTE, 15_000);
    expect(phone.shown).toEqual(['one', 'two']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('are packed anew when a visa has come just before the program was killed', async () => {
    const { world, moki, phone } = await scene({ known: false });
    await moki.messenger.send(text('hi'), phone.id);
    await moki.messenger.idle();
    // Another program on the same data takes the visa in.
    const other = new Facebook({ protocol, store: moki.durable, clock: world.time });
    await other.saveDocument(await visaOf(phone), phone.id);
    await world.restart(moki);
    await world.live(MINUTE, 15_000);
    expect(phone.shown).toEqual(['hi']);
  });

  test('are asked about when the receiver’s program says that it cannot open them', async () => {
    const { world, moki, phone } = await scene();
    await moki.messenger.send(text('hi'), phone.id);
    await moki.messenger.idle();
    const [message] = messagesOf(moki);
    if (message === undefined) expect.unreachable();
    moki.sent.length = 0;
    await tell(phone, moki);
    const { envelope, signature } = message;
    const refusal = receiptFor(envelope, 'Failed to decrypt message.', { signature });
    const packed = await phone.messenger.pack(refusal, moki.id);
    if ('status' in packed) expect.unreachable();
    await world.deliver(phone.messenger.serialize(packed), moki);
    await world.carry();
    // The question was asked at once, and the first repetition is packed anew.
    expect((await moki.facebook.document(phone.id))?.time).toBe((await visaOf(phone)).time);
    await world.live(30_000, 10_000);
    expect(phone.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('stay as they are when something else of the visa has changed', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await acquaint(moki, hulk);
    await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    const [first] = messagesOf(moki);
    moki.sent.length = 0;
    await world.pass(2000);
    const before = await visaOf(hulk);
    const renamed = await signDocument(
      {
        did: hulk.id,
        type: 'visa',
        properties: { ...before.properties, name: 'The Incredible Hulk' },
        now: world.time.now() / 1000,
      },
      await hulk.facebook.requireSigner(hulk.id),
    );
    await moki.facebook.saveDocument(renamed, hulk.id);
    await world.pass(20_000);
    const [again] = messagesOf(moki);
    expect(again?.signature).toEqual(first?.signature);
  });
});
