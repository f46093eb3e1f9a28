import { createProtocol, isWaiting } from '@dimp/core';
import { defineContent } from '@dimp/dkd';
import { standard } from '@dimp/extensions/standard';
import { encodeBase64, type JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { Facebook, Messenger, messageID } from '../src/index.ts';
import { bytesOf, oldMessage } from './old-peer.ts';
import { protocol } from './people.ts';
import {
  acquaint,
  type Client,
  countSuspended,
  metaOf,
  sendTexts,
  tell,
  text,
  twoPeers,
  uncheckedMessage,
  visaOf,
  World,
} from './world.ts';

const MINUTE = 60_000;

describe('a message that its type refuses', () => {
  const refused = { type: 1, text: { no: 'text' } };

  test('is shown as unknown, confirmed, and holds up nothing', async () => {
    const { world, moki, hulk } = await twoPeers();
    const unknown: string[] = [];
    await world.restart(hulk, {
      prepare: (messenger) => {
        messenger.handle('unknown', ({ content }) => void unknown.push(content.type));
      },
    });
    const bytes = await uncheckedMessage(world, moki, hulk, refused, 7);
    await world.deliver(bytes, hulk);
    expect(unknown).toEqual(['1']);
    expect(hulk.refused).toEqual([]);
    expect(hulk.sent.splice(0)).toHaveLength(1);
    const after = await named(world, moki, hulk, 'after', protocol.parseMessage(bytes));
    await world.deliver(after, hulk);
    expect(hulk.shown).toEqual(['after']);
    // It comes again, and is shown once.
    await world.deliver(bytes, hulk);
    expect(unknown).toEqual(['1']);
  });

  test('is still there for the iteration after a restart', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(hulk, { screen: false });
    const before = hulk.messenger.messages();
    void before.next();
    await hulk.messenger.idle();
    await world.deliver(await uncheckedMessage(world, moki, hulk, refused, 7), hulk);
    await world.restart(hulk, { screen: false });
    const { value } = await hulk.messenger.messages().next();
    expect(value).toMatchObject({ content: { kind: 'unknown', wire: { text: { no: 'text' } } } });
    expect(hulk.failed).toEqual([]);
  });

  test('is refused if it is an unproven message of a stranger, and if it is a command', async () => {
    const { world, moki, hulk } = await twoPeers();
    const time = Math.floor(world.time.now() / 1000);
    const old = { text: '{"type":1,"sn":1000000007,"text":{"no":"text"}}', time };
    await world.deliver(bytesOf(await oldMessage(moki, hulk, old)), hulk);
    expect(hulk.refused).toEqual(['format/field']);
    const command = { type: 136, command: 'documents', did: 5 };
    await world.deliver(await uncheckedMessage(world, moki, hulk, command, 8), hulk);
    expect(hulk.refused).toHaveLength(2);
    expect(hulk.sent).toEqual([]);
    await hulk.facebook.addContact(hulk.id, moki.id);
    await world.deliver(bytesOf(await oldMessage(moki, hulk, old)), hulk);
    expect(hulk.refused).toHaveLength(2);
  });

  test('because its plug-in throws something else is kept as well: the connection goes on', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await acquaint(moki, hulk);
    const Link = defineContent({
      kind: 'com.example/link',
      match: { type: '204', app: 'link' },
      schema: {
        '~standard': {
          version: 1,
          vendor: 'somebody else',
          validate: (): { readonly value: { readonly url: string } } => {
            throw new TypeError('Invalid URL');
          },
        },
      },
    });
    const picky = createProtocol(standard(), { name: 'picky', contents: [Link] });
    const facebook = new Facebook({ protocol: picky, store: hulk.durable, clock: world.time });
    const messenger = new Messenger({ facebook });
    const errors: string[] = [];
    messenger.on('refused', ({ error }) => errors.push(error.code));
    const content = { type: 204, app: 'link', url: 'not a url' };
    const bytes = await uncheckedMessage(world, moki, hulk, content, 9);
    await expect(messenger.receivedPackage(bytes)).resolves.toBeDefined();
    expect(errors.every((code) => code.startsWith('format/'))).toBe(true);
    await messenger.close();
  });
});

describe('a message that cannot be opened', () => {
  test('of a contact does not hold up those behind it, whichever comes first, and over a restart', async () => {
    for (const order of ['before', 'after', 'restart'] as const) {
      const { world, moki, hulk } = await twoPeers();
      await hulk.facebook.addContact(hulk.id, moki.id);
      const [one, two] = await sendTexts(moki, hulk, 'one', 'two');
      if (one === undefined || two === undefined) expect.unreachable();
      const wire = JSON.parse(new TextDecoder().decode(one)) as JsonObject;
      const unreadable = bytesOf(withKey(wire, 0));
      if (order === 'after') await world.deliver(two, hulk);
      await world.deliver(unreadable, hulk);
      if (order === 'restart') await world.restart(hulk);
      if (order !== 'after') await world.deliver(two, hulk);
      expect(hulk.shown).toEqual(['two']);
      // It is not reported, and the genuine copy is accepted.
      expect(hulk.sent.splice(0)).toHaveLength(1);
      await world.deliver(one, hulk);
      expect(hulk.shown).toEqual(['two', 'one']);
    }
  });

  test('is shown once and confirmed when its sender has packed it anew for a newer key', async () => {
    const { world, moki, hulk } = await twoPeers();
    await hulk.facebook.addContact(hulk.id, moki.id);
    const time = Math.floor(world.time.now() / 1000);
    const content = { type: 1, sn: 77, time, text: 'the same' };
    const first = await uncheckedMessage(world, moki, hulk, content, 77);
    // The copy has another key, another ciphertext and so another name.
    await moki.messenger.transceiver.keyCache.rotate(moki.id, hulk.id);
    const copy = await uncheckedMessage(world, moki, hulk, content, 77);
    const third = await uncheckedMessage(world, moki, hulk, content, 77);
    await world.deliver(first, hulk);
    expect(hulk.sent.splice(0)).toHaveLength(1);
    await world.deliver(copy, hulk);
    expect(hulk.sent.splice(0)).toHaveLength(1);
    await world.restart(hulk);
    await world.deliver(third, hulk);
    expect(hulk.sent.splice(0)).toHaveLength(1);
    expect(hulk.shown).toEqual(['the same']);
    // The same number and time, and other words: some programs number badly.
    await world.deliver(
      await uncheckedMessage(world, moki, hulk, { ...content, text: 'other' }, 77),
      hulk,
    );
    expect(hulk.shown).toEqual(['the same', 'other']);
  });
});

describe('changed copies of a message', () => {
  const changes: readonly (readonly [string, (wire: JsonObject) => JsonObject])[] = [
    ['key', (wire) => withKey(wire, 0)],
    ['IV', (wire) => ({ ...wire, IV: encodeBase64(new Uint8Array(16)) })],
    ['time', (wire) => ({ ...wire, time: Number(wire['time']) - 9 * 86_400 })],
    ['type', (wire) => ({ ...wire, type: 99 })],
  ];

  test.each(changes)('before the genuine one do not keep it out: %s', async (_, change) => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(moki, { cipher: 'AES' });
    const [bytes] = await sendTexts(moki, hulk, 'genuine');
    if (bytes === undefined) expect.unreachable();
    const wire = JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
    await world.deliver(bytesOf(change(wire)), hulk);
    expect(hulk.shown).toEqual([]);
    expect(hulk.sent).toEqual([]);
    await world.deliver(bytes, hulk);
    await world.deliver(bytesOf(change(wire)), hulk);
    expect(hulk.shown).toEqual(['genuine']);
    expect(hulk.sent).not.toEqual([]);
  });

  test('wait beside the genuine one for who its sender is; a fifth copy has to come again', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('genuine'), hulk.id);
    if (isWaiting(message)) expect.unreachable();
    const poisoned = (n: number) => bytesOf(withKey(message.wire, n));
    for (let n = 0; n < 3; n++) await world.deliver(poisoned(n), hulk);
    await world.deliver(poisoned(2), hulk);
    await world.deliver(bytesOf(message.wire), hulk);
    expect(await countSuspended(hulk)).toBe(4);
    expect(hulk.refused).toEqual([]);
    await world.deliver(poisoned(4), hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    expect(await countSuspended(hulk)).toBe(4);
    await hulk.facebook.saveMeta(await metaOf(moki), moki.id);
    await hulk.facebook.saveDocument(await visaOf(moki), moki.id);
    await hulk.messenger.idle();
    expect(hulk.shown).toEqual(['genuine']);
    expect(await countSuspended(hulk)).toBe(0);
    await world.pass(MINUTE);
  });
});

/** With another wrapped key, which is not signed. */
function withKey({ keys: _, ...wire }: JsonObject, byte: number): JsonObject {
  return { ...wire, key: encodeBase64(new Uint8Array(256).fill(byte)) };
}

/** A text that names the message before it. */
async function named(
  world: World,
  from: Client,
  to: Client,
  words: string,
  before: ReturnType<typeof protocol.parseMessage>,
): Promise<Uint8Array> {
  return uncheckedMessage(
    world,
    from,
    to,
    { type: 1, text: words, after: messageID(before) },
    4242,
  );
}
