import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, type Logger } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { defineContent } from '@dimp/dkd';
import { aes } from '@dimp/extensions/aes';
import { aesGcm } from '@dimp/extensions/aes-gcm';
import { Text } from '@dimp/extensions/contents';
import { ecc } from '@dimp/extensions/ecc';
import { ed25519 } from '@dimp/extensions/ed25519';
import { plain } from '@dimp/extensions/plain';
import { rsa } from '@dimp/extensions/rsa';
import { standard } from '@dimp/extensions/standard';
import { type JsonObject, parseJsonObject, utf8Decode, utf8Encode } from '@dimp/foundation';
import { schema } from '@dimp/foundation/schema';
import { type AddressType, EntityType } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { Station } from '../src/index.ts';
import { Device } from './support/device.ts';
import { FRIENDS, introduce, newPerson, type Person, tell } from './support/test-users.ts';

/** Text of the errors that plug-ins throw: it must not appear in the log. */
const SECRET = 'out of order';

/** A content type as a careless application defines it: its schema always throws. */
const Careless = defineContent({
  kind: 'com.example/careless',
  match: { type: '204', app: 'com.example', mod: 'careless', act: 'do' },
  schema: schema(
    (value) => ({ url: new URL(String((value as JsonObject)['url'])) }),
    ({ url }) => ({ url: url.href }),
  ),
});
/** The same on the wire, for who sends what the other one does not expect. */
const Sent = defineContent({
  kind: 'com.example/careless',
  match: { type: '204', app: 'com.example', mod: 'careless', act: 'do' },
  schema: schema(
    (value) => value as JsonObject,
    (value) => value,
  ),
});

test('an error thrown by a plug-in refuses that one message with a code, and ends neither the connection nor the process', async () => {
  const protocol = createProtocol({ ...standard(), contents: [...standard().contents, Careless] });
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const network = EntityType.Station;
  const { id } = await register('gsp', { facebook, network, algorithm: 'Ed25519' });
  const logged: string[] = [];
  const log = (event: string, details?: JsonObject): void =>
    void logged.push(JSON.stringify([event, details ?? {}]));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const station = await Station.open({ facebook, id, logger });
  const moki = await newPerson('moki');
  const speaking = createProtocol({ ...standard(), contents: [...standard().contents, Sent] });
  const own = new Facebook({ protocol: speaking, store: moki.facebook.store });
  const device = await Device.login(station, {
    id: moki.id,
    facebook: own,
    messenger: new Messenger({ facebook: own }),
  } as unknown as Person);
  for (let count = 1; count <= 20; count++) {
    const draft = Sent.create({ url: 'not an url' });
    await device.send(draft as never, id);
    await device.until(() => device.receipts().length === count);
  }
  const codes = device.contents
    .filter(({ kind }) => kind === 'receipt')
    .map(({ wire }) => wire['code']);
  expect(codes.every((code) => typeof code === 'string')).toBe(true);
  // Nothing of what the plug-in said gets into the log.
  expect(logged.join()).not.toContain('not an url');
  await device.send(Text.create({ text: 'still here' }), id);
  await device.until(() => device.receipts().length === 21);
  expect(device.receipts().at(-1)).toBe('Content not support.');
  await station.stop();
});

/** A station whose Ed25519 keys throw on demand, and whose address family throws on addresses of its own. */
async function withCarelessPlugIns() {
  const state = { broken: false };
  const careless = {
    ...ed25519,
    parsePublic: (wire: Parameters<typeof ed25519.parsePublic>[0]) =>
      new Proxy(ed25519.parsePublic(wire), {
        get(key, name) {
          const member: unknown = Reflect.get(key, name, key);
          if (typeof member !== 'function') return member;
          return (...given: unknown[]): unknown => {
            if (state.broken && String(name).startsWith('verify')) throw new TypeError(SECRET);
            return Reflect.apply(member, key, given);
          };
        },
      }),
  };
  const odd: AddressType = {
    family: 'odd',
    parse(text) {
      if (text.startsWith('odd')) throw new TypeError(SECRET);
      return undefined;
    },
    generate() {
      throw new TypeError(SECRET);
    },
  };
  const preset = standard();
  const protocol = createProtocol({
    ...preset,
    keys: [rsa, ecc, aes, aesGcm, plain, careless],
    addresses: [odd, ...preset.addresses],
  });
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const network = EntityType.Station;
  const { id } = await register('gsp', { facebook, network, algorithm: 'Ed25519' });
  const logged: string[] = [];
  const log = (event: string, details?: JsonObject): void =>
    void logged.push(JSON.stringify([event, details ?? {}]));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const station = await Station.open({ facebook, id, logger, acquaintances: FRIENDS });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  for (const person of [moki, hulk]) await tell(facebook, person);
  await introduce(moki, hulk);
  const [sender, receiver] = [await Device.login(station, moki), await Device.login(station, hulk)];
  return { state, station, sender, receiver, hulk, logged };
}

const codesOf = (device: Device): readonly unknown[] =>
  device.contents.filter(({ kind }) => kind === 'receipt').map(({ wire }) => wire['code']);

test('a key algorithm that throws while it verifies refuses that one message, and the next one is relayed', async () => {
  const { state, station, sender, receiver, hulk, logged } = await withCarelessPlugIns();
  state.broken = true;
  await sender.send(Text.create({ text: 'refused' }), hulk.id);
  await sender.until(() => codesOf(sender).includes('crypto/key'));
  state.broken = false;
  await sender.send(Text.create({ text: 'relayed' }), hulk.id);
  await receiver.until(() => receiver.texts().length > 0);
  expect(receiver.texts()).toEqual(['relayed']);
  expect(sender.transport.closed).toBe(false);
  expect(logged.join()).not.toContain(SECRET);
  await station.stop();
});

test('an address family that throws on a receiver refuses that one message, and the next one is relayed', async () => {
  const { station, sender, receiver, hulk, logged } = await withCarelessPlugIns();
  const text = utf8Decode(await sender.pack(Text.create({ text: 'refused' }), hulk.id));
  const wire = { ...parseJsonObject(text), receiver: 'odd0123456789' };
  await sender.transport.send(utf8Encode(JSON.stringify(wire)));
  await sender.until(() => codesOf(sender).includes('format/field'));
  await sender.send(Text.create({ text: 'relayed' }), hulk.id);
  await receiver.until(() => receiver.texts().length > 0);
  expect(receiver.texts()).toEqual(['relayed']);
  expect(sender.transport.closed).toBe(false);
  expect(logged.join()).not.toContain(SECRET);
  await station.stop();
});
