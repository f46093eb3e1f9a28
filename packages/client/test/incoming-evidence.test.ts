import { isWaiting } from '@dimp/core';
import { Forward } from '@dimp/extensions/contents';
import { encodeBase64, type JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import type { Evidence } from '../src/index.ts';
import { acquaint, type Client, text, World } from './world.ts';

const DAY = 24 * 3_600_000;

/** Moki has said something twenty days ago; a bot shows it to Hulk. */
async function oldStory() {
  const world = new World();
  const [moki, hulk, bot] = [
    await world.join('moki'),
    await world.join('hulk'),
    await world.join('bot'),
  ];
  await acquaint(moki, hulk, bot);
  const message = await moki.messenger.pack(text('I was here.'), hulk.id);
  if (isWaiting(message)) expect.unreachable();
  await world.pass(20 * DAY);
  return { world, moki, hulk, bot, wire: message.wire };
}

async function forwarded(by: Client, to: Client, ...messages: readonly JsonObject[]) {
  const packed = await by.messenger.pack(Forward.create({ messages }), to.id);
  if (isWaiting(packed)) expect.unreachable();
  return by.messenger.serialize(packed);
}

describe('signed evidence inside a forward', () => {
  test('is read by who has asked for it, however old it is, and as often as it comes', async () => {
    const { world, moki, hulk, bot, wire } = await oldStory();
    const read: Evidence[] = [];
    const handle = hulk.messenger.readEvidence((evidence) => {
      read.push(evidence);
      return true;
    });
    for (let times = 0; times < 2; times++) {
      await world.deliver(await forwarded(bot, hulk, wire), hulk);
    }
    expect(read).toHaveLength(2);
    expect(read[0]).toMatchObject({
      content: { body: { text: 'I was here.' } },
      envelope: { sender: { entity: moki.id.entity } },
      forwarder: { entity: bot.id.entity },
      proven: true,
      timeTrusted: true,
    });
    // It is not a new message, so it is neither shown nor confirmed.
    expect([hulk.shown, hulk.sent, hulk.refused]).toEqual([[], [], []]);
    handle.close();
    await world.deliver(await forwarded(bot, hulk, wire), hulk);
    expect(read).toHaveLength(2);
    expect(hulk.refused).toEqual(['policy/expired']);
  });

  test('that was not requested is a message like any other, and shown once', async () => {
    const { world, moki, hulk, bot } = await oldStory();
    const seen: string[] = [];
    hulk.messenger.readEvidence(({ content }) => {
      seen.push(content.kind);
      return false;
    });
    const fresh = await moki.messenger.pack(text('new'), hulk.id);
    if (isWaiting(fresh)) expect.unreachable();
    for (let times = 0; times < 2; times++) {
      await world.deliver(await forwarded(bot, hulk, fresh.wire), hulk);
    }
    expect(seen).toEqual(['text', 'text']);
    expect(hulk.shown).toEqual(['new']);
  });

  test('without a valid signature is not shown', async () => {
    const { world, hulk, bot, wire } = await oldStory();
    let read = 0;
    hulk.messenger.readEvidence(() => {
      read += 1;
      return true;
    });
    const forged = { ...wire, signature: encodeBase64(new Uint8Array(64)) };
    await world.deliver(await forwarded(bot, hulk, forged), hulk);
    // Nor is what comes by itself.
    await world.deliver(new TextEncoder().encode(JSON.stringify(wire)), hulk);
    expect(read).toBe(0);
    expect(hulk.refused).toEqual(['policy/expired', 'policy/expired']);
  });

  test('may have been shown as a message before', async () => {
    const world = new World();
    const [moki, hulk, bot] = [
      await world.join('moki'),
      await world.join('hulk'),
      await world.join('bot'),
    ];
    await acquaint(moki, hulk, bot);
    const message = await moki.messenger.pack(text('hi'), hulk.id);
    if (isWaiting(message)) expect.unreachable();
    await world.deliver(moki.messenger.serialize(message), hulk);
    let read = 0;
    hulk.messenger.readEvidence(() => {
      read += 1;
      return true;
    });
    await world.deliver(await forwarded(bot, hulk, message.wire), hulk);
    expect([hulk.shown, read]).toEqual([['hi'], 1]);
  });
});
