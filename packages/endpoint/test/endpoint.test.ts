import { seconds, systemClock } from '@dimp/core';
import { DocumentsCommand, MetaCommand } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { EntityType } from '@dimp/mkm';
import { VirtualTime } from '@dimp/testing/network';
import { describe, expect, test } from 'vitest';
import {
  answersTo,
  Cooldown,
  commandReceipt,
  DEFAULT_FRESHNESS,
  expectsReceipt,
  Freshness,
  isCommand,
  receiptDraft,
  StandardProcessors,
  unsupportedReceipt,
} from '../src/index.ts';
import { introduce, newUser, type Person } from './people.ts';

const STATION = { algorithm: 'ECC', network: EntityType.Station } as const;

async function stationAndClient() {
  const [station, moki] = [await newUser('station', STATION), await newUser('moki')];
  await introduce(station, moki);
  return { station, moki };
}

async function opened(from: Person, to: Person, draft: Parameters<Person['packer']['pack']>[0]) {
  const message = await from.packer.pack(draft, to.user.id);
  const instant = await to.packer.unpack(await from.packer.packed(draft, to.user.id));
  return { ...instant, signature: message.signature };
}

describe('an endpoint that is not a messenger', () => {
  test('answers commands with the standard processors, and leaves what it does not know to its owner', async () => {
    const { station, moki } = await stationAndClient();
    const processors = new StandardProcessors({
      facebook: station.facebook,
      clock: systemClock,
      directory: true,
      asked: () => false,
      confirm: async () => {},
      handshake: async () => [],
    });
    const question = await opened(moki, station, MetaCommand.create({ did: moki.user.id }));
    const other = await opened(moki, station, DocumentsCommand.create({ did: station.user.id }));
    const said = await opened(moki, station, Text.create({ text: 'hi' }));
    const process = ({ envelope, content }: typeof said) =>
      processors.process({ envelope, content, user: station.user.id });
    expect(await process(question)).toEqual([]);
    expect(await process(other)).toMatchObject([
      { kind: 'documents', body: { did: station.user.id } },
    ]);
    expect(await process(said)).toBeUndefined();
  });

  test('makes receipts that name the message they are about', async () => {
    const { station, moki } = await stationAndClient();
    const { envelope, content, signature } = await opened(
      moki,
      station,
      Text.create({ text: 'hi' }),
    );
    const { sn } = content;
    expect(receiptDraft('Message delivered.', envelope, content, signature)).toMatchObject({
      kind: 'receipt',
      body: { text: 'Message delivered.', origin: { sender: moki.user.id, sn, signature } },
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
    const { envelope, content, signature } = await opened(
      moki,
      station,
      Text.create({ text: 'hi' }),
    );
    const drafts = [receiptDraft('Message received.', envelope, content, signature)];
    expect(answersTo(moki.user.id, station.user.id, station.user.id, drafts)).toHaveLength(1);
    expect(answersTo(station.user.id, moki.user.id, moki.user.id, drafts)).toEqual([]);
    expect(isCommand(content)).toBe(false);
    expect(expectsReceipt(content, moki.user.id, moki.user.id)).toBe(true);
    expect(expectsReceipt(content, station.user.id, moki.user.id)).toBe(false);
  });

  test('refuses what is too old, and does nothing too often', async () => {
    const time = new VirtualTime();
    const { station, moki } = await stationAndClient();
    const { envelope } = await opened(moki, station, Text.create({ text: 'hi' }));
    const freshness = new Freshness(time, DEFAULT_FRESHNESS);
    expect(() => freshness.checkEnvelope({ ...envelope, time: seconds(time) })).not.toThrow();
    expect(() =>
      freshness.checkEnvelope({ ...envelope, time: seconds(time) - 9 * 86_400 }),
    ).toThrow(expect.objectContaining({ code: 'policy/expired' }));
    const once = new Cooldown(time, 1000);
    expect([once.pass('a'), once.pass('a'), once.pass('b')]).toEqual([true, false, true]);
  });
});
