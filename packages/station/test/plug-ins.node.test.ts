import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, type Logger } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import type { JsonObject } from '@dimp/foundation';
import { schema } from '@dimp/foundation/schema';
import { EntityType } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { Station } from '../src/index.ts';
import { Device } from './support/device.ts';
import { newPerson, type Person } from './support/test-users.ts';

/** A content type as a careless application defines it: its schema throws whatever it comes upon. */
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

test('what a plug-in throws refuses that one message with a code, and neither ends the connection nor the process', async () => {
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
