import { isWaiting, seconds } from '@dimp/core';
import { DocumentsCommand, MetaCommand } from '@dimp/extensions/commands';
import { EntityType } from '@dimp/mkm';
import { VirtualTime } from '@dimp/testing/network';
import { describe, expect, test } from 'vitest';
import {
  answersTo,
  commandReceipt,
  DEFAULT_FRESHNESS,
  expectsReceipt,
  Freshness,
  isCommand,
  OncePer,
  receiptDraft,
  StandardProcessors,
  unsupportedReceipt,
} from '../src/endpoint.ts';
import { acquaint, type Client, text, World } from './world.ts';

const STATION = { network: EntityType.Station, screen: false } as const;

async function stationAndClient() {
  const world = new World();
  const [station, moki] = [await world.join('station', STATION), await world.join('moki')];
  await acquaint(station, moki);
  return { world, station, moki };
}

async function opened(from: Client, to: Client, draft: Parameters<Client['messenger']['pack']>[0]) {
  const message = await from.messenger.pack(draft, to.id);
  if (isWaiting(message)) expect.unreachable();
  const instant = await to.messenger.unpack(to.messenger.serialize(message));
  if (isWaiting(instant)) expect.unreachable();
  return { ...instant, signature: message.signature };
}

describe('an endpoint that is no messenger', () => {
  test('answers commands with the standard processors, and leaves what it does not know to its owner', async () => {
    const { world, station, moki } = await stationAndClient();
    const processors = new StandardProcessors({
      facebook: station.facebook,
      clock: world.time,
      directory: true,
      asked: () => false,
      confirm: async () => {},
      handshake: async () => [],
    });
    const question = await opened(moki, station, MetaCommand.create({ did: moki.id }));
    const other = await opened(moki, station, DocumentsCommand.create({ did: station.id }));
    const said = await opened(moki, station, text('hi'));
    const process = ({ envelope, content }: typeof said) =>
      processors.process({ envelope, content, user: station.id });
    expect(await process(question as never)).toEqual([]);
    expect(await process(other as never)).toMatchObject([
      { kind: 'documents', body: { did: station.id } },
    ]);
    expect(await process(said)).toBeUndefined();
  });

  test('makes receipts that name the message they are about', async () => {
    const { station, moki } = await stationAndClient();
    const { envelope, content, signature } = await opened(moki, station, text('hi'));
    const { sn } = content;
    expect(receiptDraft('Message delivered.', envelope, content, signature)).toMatchObject({
      kind: 'receipt',
      body: { text: 'Message delivered.', origin: { sender: moki.id, sn, signature } },
    });
    expect(unsupportedReceipt(envelope, content, undefined)).toMatchObject({
      body: { text: 'Content not support.', origin: { sn } },
    });
    expect(commandReceipt('Stored.', envelope, content, { did: 'x' })).toMatchObject({
      body: { template: 'Stored.', replacements: { did: 'x' } },
    });
  });

  test('knows who gets an answer', async () => {
    const { station, moki } = await stationAndClient();
    const { envelope, content, signature } = await opened(moki, station, text('hi'));
    const drafts = [receiptDraft('Message received.', envelope, content, signature)];
    expect(answersTo(moki.id, station.id, station.id, drafts)).toHaveLength(1);
    expect(answersTo(station.id, moki.id, moki.id, drafts)).toEqual([]);
    expect(isCommand(content)).toBe(false);
    expect(expectsReceipt(content, moki.id, moki.id)).toBe(true);
    expect(expectsReceipt(content, station.id, moki.id)).toBe(false);
  });

  test('refuses what is too old, and does nothing too often', async () => {
    const time = new VirtualTime();
    const { station, moki } = await stationAndClient();
    const { envelope } = await opened(moki, station, text('hi'));
    const freshness = new Freshness(time, DEFAULT_FRESHNESS);
    expect(() => freshness.checkEnvelope({ ...envelope, time: seconds(time) })).not.toThrow();
    expect(() =>
      freshness.checkEnvelope({ ...envelope, time: seconds(time) - 9 * 86_400 }),
    ).toThrow(expect.objectContaining({ code: 'policy/expired' }));
    const once = new OncePer(time, 1000);
    expect([once.pass('a'), once.pass('a'), once.pass('b')]).toEqual([true, false, true]);
  });
});
