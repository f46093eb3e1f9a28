import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGroup } from '@dimp/client';
import { Text } from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import { type HostileStation, scene, unharmed } from '../support/hostile-station.ts';
import { MaliciousClient, until } from '../support/malicious-client.ts';
import { newPerson, tell } from '../support/test-users.ts';

const MEMBERS = 1000;

/** Bytes of the station's store on the disk. */
async function onDisk({ files }: HostileStation): Promise<number> {
  const folder = join(dirname(files), 'store');
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true })) {
    bytes += (await stat(join(folder, entry))).size;
  }
  return bytes;
}

/** Who got a copy, as the receipts tell. */
function recipients(client: MaliciousClient): number {
  return client.contents.filter(({ wire }) => Array.isArray(wire['recipients'])).length;
}

describe('a message to a group of 1,000 users whom the station has never seen', () => {
  test.each([300, 20_000])(
    'of %i bytes takes at most four times the bytes that were sent, and others are served',
    async (length) => {
      const { world, moki, hulk, mallory } = await scene();
      const client = await MaliciousClient.login(world, mallory);
      const { facebook, id: founder } = mallory;
      const { id: group } = await createGroup('crowd', { facebook, founder, members: [] });
      const before = await onDisk(world);
      const key = 'k'.repeat(344);
      const keys = Object.fromEntries(
        Array.from({ length: MEMBERS }, (_, each) => [`m${each}@${mallory.id.address.text}`, key]),
      );
      let sent = 0;
      for (let count = 0; count < 2; count++) {
        const text = `${count}`.padEnd(length / 2, 'x');
        const { key: _, ...wire } = await client.wire(Text.create({ text }), hulk.person.id);
        const bytes = Buffer.from(JSON.stringify({ ...wire, receiver: group.text, keys }));
        sent += bytes.length;
        client.send(bytes);
        await until(() => client.receipts().length > count);
      }
      expect(sent).toBeGreaterThan(MEMBERS * 344 * 2);
      expect((await onDisk(world)) - before).toBeLessThan(4 * sent);
      expect(recipients(client)).toBeGreaterThan(0);
      await unharmed(moki, hulk);
    },
    60_000,
  );

  test('is refused, with an answer, when no copy of it can be stored', async () => {
    const { world, moki, hulk, mallory } = await scene({ station: { room: () => 0 } });
    const client = await MaliciousClient.login(world, mallory);
    const { facebook, id: founder } = mallory;
    const { id: group } = await createGroup('crowd', { facebook, founder, members: [] });
    const { key, ...wire } = await client.wire(Text.create({ text: 'x' }), hulk.person.id);
    const keys = { [`m1@${mallory.id.address.text}`]: key ?? '' };
    client.send({ ...wire, receiver: group.text, keys });
    await until(() => client.receipts().length === 1);
    expect(recipients(client)).toBe(0);
    await unharmed(moki, hulk);
  });
});

test('a group of 1,000 known users gets its messages', async () => {
  const { world, moki, hulk, mallory } = await scene();
  const client = await MaliciousClient.login(world, mallory);
  const { facebook, id: founder } = mallory;
  const { id: group } = await createGroup('crowd', { facebook, founder, members: [] });
  const some = await Promise.all([newPerson('first'), newPerson('second')]);
  for (const person of some) await tell(world.facebook, person);
  // Making a thousand keys would take longer than the test: the others are in the directory with one meta.
  const seen = Array.from({ length: MEMBERS - some.length }, (_, each) => `m${each}`);
  const { address } = mallory.id;
  const meta = await facebook.meta(founder);
  const value = Buffer.from(JSON.stringify(meta?.wire));
  await world.facebook.store.batch(
    seen.map((name) => ({ type: 'set', key: ['meta', `${name}@${address.text}`], value })),
  );
  const key = 'k'.repeat(344);
  const names = [
    ...some.map(({ id }) => id.text),
    ...seen.map((name) => `${name}@${address.text}`),
  ];
  const keys = Object.fromEntries(names.map((name) => [name, key]));
  const { key: _, ...wire } = await client.wire(Text.create({ text: 'to all' }), hulk.person.id);
  client.send({ ...wire, receiver: group.text, keys });
  await until(() => client.receipts().length === 1);
  const [receipt] = client.contents.filter(({ kind }) => kind === 'receipt');
  expect(receipt?.wire['recipients']).toHaveLength(MEMBERS);
  await unharmed(moki, hulk);
}, 60_000);
