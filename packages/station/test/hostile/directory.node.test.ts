import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { DocumentsCommand, handshakeStart } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { ANY_STATION, signDocument } from '@dimp/mkm';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Limits,
  limitsOf,
  RateLimiter,
  Station,
  StationCommands,
  silentMetrics,
} from '../../src/index.ts';
import { Device } from '../support/device.ts';
import { introduce, newPerson, openStation, type Person } from '../support/test-users.ts';

const ATTACKER = '192.0.2.66';
const CAP = 30;
const PATIENCE = 120_000;

interface Directory {
  readonly station: Station;
  readonly commands: StationCommands;
  /** How many metas are kept. */
  known(): Promise<number>;
  knows(...people: readonly Person[]): Promise<boolean>;
  close(): Promise<void>;
}

/** A station with its directory, over a store that may have been used before. */
async function open(store: Store, limits: Partial<Limits> = {}): Promise<Directory> {
  const { facebook, station: before } = await openStation(store);
  const { id } = before;
  await before.stop();
  const keeper = new RateLimiter({
    limits: limitsOf({ identities: CAP, ...limits }),
    clock: facebook.clock,
    metrics: silentMetrics,
  });
  const commands = new StationCommands({ facebook, id, keeper });
  const station = await Station.open({ facebook, id, keeper, commands, blocking: commands.lists });
  const close = async () => {
    await station.stop();
    await commands[Symbol.asyncDispose]();
  };
  onTestFinished(close);
  return {
    station,
    commands,
    close,
    async known() {
      await commands.identities.settled();
      let count = 0;
      for await (const _ of store.list(['meta'])) count += 1;
      return count;
    },
    async knows(...people) {
      await commands.identities.settled();
      const metas = await Promise.all(people.map((each) => facebook.meta(each.id)));
      return metas.every((meta) => meta !== undefined);
    },
  };
}

/** Brings a meta along, and waits for what the station says: a session key, or a refusal. */
async function knock({ station }: Directory, person: Person, address: string): Promise<Device> {
  const device = new Device(station, person, { address });
  void device
    .send(handshakeStart(), ANY_STATION, { attachMeta: true, attachVisa: true })
    .catch(() => undefined);
  await device.until(() => device.session !== undefined || device.contents.length > 0);
  return device;
}

/** Logs in and leaves, if that is granted. */
async function visit(directory: Directory, person: Person, address: string): Promise<boolean> {
  const device = await knock(directory, person, address);
  const granted = device.session !== undefined;
  if (granted) {
    await device.send(handshakeStart(device.session), directory.station.id);
    await device.until(() => device.handshakes().some(({ title }) => title === 'DIM!'));
  }
  await device.close();
  return granted;
}

function people(count: number): Promise<readonly Person[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => newPerson(`bulk${index}`)));
}

describe('a directory at its cap', () => {
  test(
    'that one network filled, with logins, takes a newcomer of another network, and keeps its counts over a restart',
    async () => {
      const store = memoryStore();
      let directory = await open(store);
      const [moki, away, hulk, late] = await Promise.all(
        ['moki', 'away', 'hulk', 'late'].map((name) => newPerson(name)),
      );
      if (!moki || !away || !hulk || !late) expect.unreachable();
      await introduce(moki, away);
      expect(await visit(directory, away, '198.51.100.2')).toBe(true);
      const sender = await Device.login(directory.station, moki, { address: '198.51.100.1' });
      await sender.send(Text.create({ text: 'waits' }), away.id);
      await sender.close();
      let granted = 0;
      for (const each of await people(CAP + 4)) {
        if (await visit(directory, each, ATTACKER)) granted += 1;
      }
      // The station and two others have their places.
      expect(granted).toBe(CAP - 3);
      expect(await visit(directory, hulk, '203.0.113.5')).toBe(true);
      expect(await directory.known()).toBe(CAP);
      expect(await directory.knows(moki, away, hulk)).toBe(true);
      await directory.close();
      directory = await open(store);
      const [again] = await people(1);
      if (!again) expect.unreachable();
      expect(await visit(directory, again, ATTACKER)).toBe(false);
      expect(await visit(directory, late, '203.0.113.6')).toBe(true);
      expect(await directory.knows(moki, away, hulk, late)).toBe(true);
      expect(await directory.known()).toBe(CAP);
      const back = await Device.login(directory.station, away, { address: '198.51.100.2' });
      await back.until(() => back.texts().includes('waits'));
    },
    PATIENCE,
  );

  test(
    'forgets for an attacker who never logs in only others of the same network',
    async () => {
      const directory = await open(memoryStore(), { identities: 12 });
      const [moki, hulk] = await people(2);
      if (!moki || !hulk) expect.unreachable();
      // Neither has logged in yet either.
      for (const each of [moki, hulk]) {
        await (await knock(directory, each, `198.51.100.${each === moki ? 1 : 2}`)).close();
      }
      const attackers = await people(16);
      for (const each of attackers) await (await knock(directory, each, ATTACKER)).close();
      expect(await directory.known()).toBe(12);
      expect(await directory.knows(moki, hulk)).toBe(true);
      // The oldest had to go.
      expect(await directory.knows(...attackers.slice(0, 1))).toBe(false);
      expect(await directory.knows(...attackers.slice(-9))).toBe(true);
    },
    PATIENCE,
  );

  test(
    'refuses a newcomer without a place with a code, and forgets no identity for a forged meta',
    async () => {
      const directory = await open(memoryStore(), { identities: 4 });
      const [one, two, three, forger] = await people(4);
      if (!one || !two || !three || !forger) expect.unreachable();
      const held: Device[] = [];
      for (const each of [one, two, three]) {
        held.push(await Device.login(directory.station, each, { address: ATTACKER }));
      }
      const refused = await knock(directory, forger, ATTACKER);
      expect(refused.contents.map(({ body }) => body)).toEqual([
        expect.objectContaining({ code: 'policy/rate-limited' }),
      ]);
      await refused.served;
      for (const each of held) await each.close();
      // From elsewhere there would be a place; but what is brought is not the forger’s meta.
      const forging = new Device(directory.station, forger, { address: '203.0.113.9' });
      const bytes = await forging.pack(handshakeStart(), ANY_STATION, { attachMeta: true });
      const wire = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
      const meta = (await one.facebook.meta(one.id))?.wire;
      // Acknowledged when the station has done with it.
      await forging.transport.send(Buffer.from(JSON.stringify({ ...wire, meta })));
      expect(forging.session).toBeUndefined();
      await forging.close();
      expect(await directory.knows(one, two, three)).toBe(true);
      expect(await directory.known()).toBe(4);
    },
    PATIENCE,
  );
});

test(
  'the data that a directory stores for one identity is bounded, however many documents it has',
  async () => {
    const store = memoryStore();
    const directory = await open(store, { identityBytes: 64 * 1024 });
    const [mallory] = await people(1);
    if (!mallory) expect.unreachable();
    const device = await Device.login(directory.station, mallory, { address: ATTACKER });
    const { facebook, id } = mallory;
    const visa = (await facebook.document(id)) ?? expect.unreachable();
    const signer = await facebook.requireSigner(id);
    for (let count = 1; count <= 8; count++) {
      const properties = { ...visa.properties, text: 'x'.repeat(30_000) };
      const now = (visa.time ?? 0) + count / 100;
      const document = await signDocument({ did: id, type: 'visa', properties, now }, signer);
      const documents = [{ ...document.wire, terminal: `${count}` }];
      const before = device.receipts().length;
      await device.send(DocumentsCommand.create({ did: id, documents }), directory.station.id);
      await device.until(() => device.receipts().length > before);
    }
    let bytes = 0;
    for await (const [key, value] of store.list([])) {
      if (key.includes(id.entity)) bytes += value.length;
    }
    expect(bytes).toBeGreaterThan(30_000);
    expect(bytes).toBeLessThan(70_000);
  },
  PATIENCE,
);

test(
  'an operator can delete an identity with all its data, and it may register again',
  async () => {
    const store = memoryStore();
    const directory = await open(store);
    const [moki, hulk] = await people(2);
    if (!moki || !hulk) expect.unreachable();
    await introduce(moki, hulk);
    await visit(directory, hulk, '198.51.100.2');
    const device = await Device.login(directory.station, moki, { address: '198.51.100.1' });
    await device.send(Text.create({ text: 'one' }), hulk.id);
    await device.send(Text.create({ text: 'two' }), hulk.id);
    expect(await directory.station.forget(hulk.id)).toEqual({ known: true, messages: 2 });
    await directory.commands.identities.settled();
    const left: string[] = [];
    for await (const [key] of store.list([])) if (key.includes(hulk.id.entity)) left.push(`${key}`);
    // Which receivers had messages on a day is swept with the others of that day, and keys are kept with others' keys.
    expect(left.filter((key) => !/^(inbox-day|sending-key|received-key)/.test(key))).toEqual([]);
    await expect(directory.station.forget(directory.station.id)).rejects.toMatchObject({
      code: 'format/field',
    });
    expect(await visit(directory, hulk, '198.51.100.2')).toBe(true);
    expect(await directory.knows(hulk, moki)).toBe(true);
  },
  PATIENCE,
);
