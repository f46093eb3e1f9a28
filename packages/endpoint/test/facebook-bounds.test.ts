import { memoryStore } from '@dimp/core/memory';
import type { JsonObject } from '@dimp/foundation';
import { stringifyJson, utf8Encode } from '@dimp/foundation';
import { type Document, type ID, signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Facebook } from '../src/index.ts';
import { newUser, type Person, protocol } from './people.ts';

const fast = { algorithm: 'ECC', metaType: '4' } as const;
const KIB = 1024;

/** A directory that keeps 32 KiB of each entity. */
async function directoryWith({ user }: Person): Promise<Facebook<typeof protocol>> {
  const directory = new Facebook({ protocol, store: memoryStore() });
  directory.limitEntities(32 * KIB);
  await directory.saveMeta((await user.meta()) ?? expect.unreachable(), user.id);
  return directory;
}

async function visaOf({ facebook, user }: Person, later: number, text: string): Promise<Document> {
  const visa = (await user.visa()) ?? expect.unreachable();
  return signDocument(
    {
      did: user.id,
      type: 'visa',
      properties: { ...visa.properties, text },
      now: (visa.time ?? 0) + later,
    },
    await facebook.requireSigner(user.id),
  );
}

/** The same document as that of a device: the terminal is not signed. */
function ofTerminal({ wire }: Document, terminal: string): JsonObject {
  return { ...wire, terminal, did: wire['did'] ?? '' };
}

async function bytesOf(directory: Facebook, id: ID): Promise<number> {
  const wires = (await directory.documents(id)).map(({ wire }) => wire);
  return utf8Encode(stringifyJson(wires)).length;
}

describe('a directory that bounds what it keeps of an entity', () => {
  test('drops the oldest documents, keeps the visa in force, and counts bytes instead of characters', async () => {
    const moki = await newUser('moki', fast);
    const directory = await directoryWith(moki);
    const { id } = moki.user;
    for (let count = 1; count <= 12; count++) {
      // Two bytes each: as many characters would fit twice.
      const visa = await visaOf(moki, count, 'ж'.repeat(2 * KIB));
      const wire = ofTerminal(visa, `device-${count}`);
      await directory.saveDocument(wire, id);
      expect(await bytesOf(directory, id)).toBeLessThanOrEqual(24 * KIB + 100);
    }
    const times = (await directory.documents(id)).map(({ time }) => time ?? 0);
    expect(times.length).toBeGreaterThan(2);
    expect(times.length).toBeLessThan(6);
    const latest = await visaOf(moki, 12, '');
    expect((await directory.document(id))?.time).toBe(latest.time);
  });

  test('refuses a meta and a document that alone are too much', async () => {
    const moki = await newUser('moki', fast);
    const directory = await directoryWith(moki);
    const { id } = moki.user;
    const large = await visaOf(moki, 1, 'ж'.repeat(13 * KIB));
    await expect(directory.saveDocument(large, id)).rejects.toMatchObject({ code: 'format/limit' });
    const other = new Facebook({ protocol, store: memoryStore() });
    other.limitEntities(32 * KIB);
    const meta = (await moki.user.meta())?.wire ?? expect.unreachable();
    const padded = { ...meta, padding: 'x'.repeat(9 * KIB) };
    await expect(other.saveMeta(padded, id)).rejects.toMatchObject({ code: 'format/limit' });
    await expect(directoryWith(moki)).resolves.toBeDefined();
  });
});

describe('an entity that is forgotten', () => {
  test('leaves nothing in the store and in memory, and may come again', async () => {
    const moki = await newUser('moki', fast);
    const store = memoryStore();
    const directory = new Facebook({ protocol, store });
    const { id } = moki.user;
    const meta = (await moki.user.meta()) ?? expect.unreachable();
    const visa = (await moki.user.visa()) ?? expect.unreachable();
    const bring = async () => {
      await directory.saveMeta(meta.wire, id);
      await directory.saveDocument(visa.wire, id);
    };
    await bring();
    await directory.forgetEntity(id);
    expect(await directory.meta(id)).toBeUndefined();
    expect(await directory.documents(id)).toEqual([]);
    const left: unknown[] = [];
    for await (const [key] of store.list([])) left.push(key);
    expect(left).toEqual([]);
    await bring();
    expect((await directory.document(id))?.data).toBe(visa.data);
  });

  test('is not a local user: those stay', async () => {
    const moki = await newUser('moki', fast);
    const { id } = moki.user;
    const before = await moki.user.meta();
    await expect(moki.facebook.forgetEntity(id)).rejects.toMatchObject({ code: 'format/field' });
    expect((await moki.facebook.meta(id))?.wire).toEqual(before?.wire);
  });
});
