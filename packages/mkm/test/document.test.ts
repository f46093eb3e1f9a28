import { encodeTed, isProtocolError, type JsonObject, utf8Encode } from '@dimp/foundation';
import {
  bulletinRoles,
  type Document,
  documentName,
  MAX_DOCUMENT_SKEW,
  signDocument,
  visaAvatar,
  visaKey,
} from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alice, club, documents, ids, keys, toySigner, without } from './helpers.ts';

const signer = toySigner('alice');
const now = 1_766_000_000;
const proof = { id: alice, key: signer.publicKey, now };

function sign(properties: JsonObject, at: number = now, type = 'visa', did = alice) {
  return signDocument({ did, type, properties, now: at }, signer);
}

/** A document whose signed text is exactly this. */
async function signText(data: string, wire: JsonObject = {}): Promise<JsonObject> {
  const signature = encodeTed(await signer.sign(utf8Encode(data)));
  return { did: alice.text, type: 'visa', data, signature, ...wire };
}

const field = expect.objectContaining({ code: 'format/field' });
const invalid = expect.objectContaining({ code: 'identity/document-invalid' });
const verifyWire = async (wire: JsonObject, change: Partial<typeof proof> = {}): Promise<void> =>
  documents.verify(documents.parse(wire, alice), { ...proof, ...change });

describe('a signed document', () => {
  test('verifies when read from its wire', async () => {
    const visa = await sign({ name: 'Alice' });
    const read = documents.parse(JSON.parse(JSON.stringify(visa.wire)));
    await documents.verify(read, proof);
    expect(read.properties).toMatchObject({ type: 'visa', name: 'Alice', time: now });
    expect(read.seed).toBe(false);
  });

  test('must not look like a message content', async () => {
    await expect(sign({ sn: 5, type: 'visa', command: 'x' })).rejects.toThrow(TypeError);
    await expect(sign({ cmd: 'x' })).rejects.toThrow(TypeError);
  });

  test('keeps its first creation time', async () => {
    expect((await sign({ created_time: 5 })).properties['created_time']).toBe(5);
  });
});

describe('verification refuses', () => {
  test('another key, another text, another signature', async () => {
    const { wire } = await sign({ name: 'Alice' });
    await expect(verifyWire(wire, { key: toySigner('eve').publicKey })).rejects.toThrow(invalid);
    await expect(verifyWire({ ...wire, data: `${wire['data']} ` })).rejects.toThrow(invalid);
    await expect(verifyWire({ ...wire, signature: 'AAAA' })).rejects.toThrow(invalid);
  });

  test('a document that passed with one key when asked about another', async () => {
    const read = documents.parse((await sign({})).wire);
    await documents.verify(read, proof);
    const key = toySigner('eve').publicKey;
    await expect(documents.verify(read, { ...proof, key })).rejects.toThrow(invalid);
  });

  test('the document of another entity, in every spelling but its own', async () => {
    const { wire } = await sign({});
    await verifyWire(wire, { id: ids.parse('alice@toy:00:0A0B0C0D/phone') });
    await expect(verifyWire(wire, { id: ids.parse('toy:00:0a0b0c0d') })).rejects.toThrow(invalid);
  });

  test('a type that does not fit the entity', async () => {
    await expect(verifyWire((await sign({}, now, 'bulletin')).wire)).rejects.toThrow(invalid);
    const visa = documents.parse((await sign({}, now, 'visa', club)).wire);
    await expect(documents.verify(visa, { ...proof, id: club })).rejects.toThrow(invalid);
    const profile = documents.parse((await sign({}, now, 'profile', club)).wire);
    await documents.verify(profile, { ...proof, id: club });
  });

  test('a type outside that differs from the signed one', async () => {
    const { wire } = await sign({});
    await expect(verifyWire({ ...wire, type: 'profile' })).rejects.toThrow(invalid);
  });

  test('a type that is not registered', async () => {
    await expect(verifyWire((await sign({}, now, 'poster')).wire)).rejects.toThrow(
      expect.objectContaining({ code: 'unsupported/document' }),
    );
  });

  test('a time too far ahead, and none', async () => {
    await verifyWire((await sign({}, now + MAX_DOCUMENT_SKEW)).wire);
    await expect(verifyWire((await sign({}, now + MAX_DOCUMENT_SKEW + 1)).wire)).rejects.toThrow(
      invalid,
    );
    await expect(verifyWire(await signText('{"name":"x"}'))).rejects.toThrow(invalid);
  });

  test.each([
    '{"type":1,"sn":5,"time":5,"text":"hi"}',
    '{"type":"1","sn":5,"time":5}',
    '{"T":"1","N":5,"time":5}',
    '{"type":"visa","time":5,"command":"x"}',
    '{"type":"visa","time":5,"cmd":"x"}',
  ])('the broadcast message %s', async (data) => {
    for (const type of ['visa', '1']) {
      await expect(verifyWire(await signText(data, { type }))).rejects.toThrow(
        /message content|not registered/,
      );
    }
  });

  test('hostile properties without throwing anything else', async () => {
    const data = '{"time":5,"sn":5,"type":{"toString":1}}';
    await expect(verifyWire(await signText(data))).rejects.toThrow(invalid);
  });
});

describe('dialects', () => {
  test('without a type outside, the signed one counts, as when a peer of 0.8 passed it on', async () => {
    for (const type of ['visa', 'profile']) {
      const { data, signature } = (await sign({}, now, type)).wire;
      const read = documents.parse({ ID: alice.text, data, signature });
      expect(read.type).toBe(type);
      await documents.verify(read, proof);
    }
    const { data, signature } = (await sign({}, now, 'bulletin')).wire;
    await expect(verifyWire({ ID: alice.text, data, signature })).rejects.toThrow(invalid);
  });

  test('a 0.8 profile names its entity ID and needs neither type nor time', async () => {
    const wire = without(await signText('{"name":"Alice"}', { ID: alice.text }), 'did', 'type');
    const read = documents.parse(wire);
    expect([read.seed, read.type, read.time]).toEqual([true, 'visa', undefined]);
    await documents.verify(read, proof);
  });

  test('the owner fills in a missing subject, and the subject a missing type', async () => {
    const wire = without(await signText('{"time":5}'), 'did', 'type');
    expect(documents.parse(wire, club).type).toBe('bulletin');
    expect(documents.parse(wire, alice).did).toBe(alice);
    expect(() => documents.parse(wire)).toThrow(field);
  });

  test('both names of the subject must agree', async () => {
    const wire = await signText('{"time":5}');
    expect(documents.parse({ ...wire, ID: 'alice@toy:00:0A0B0C0D' }).did.text).toBe(alice.text);
    expect(() => documents.parse({ ...wire, ID: club.text })).toThrow(field);
  });

  test('the device label comes from the document, else from the ID', async () => {
    const wire = await signText('{"time":5}');
    expect(documents.parse({ ...wire, terminal: 'phone' }).terminal).toBe('phone');
    expect(documents.parse({ ...wire, did: `${alice.text}/tv` }).terminal).toBe('tv');
  });
});

describe('documents.parse', () => {
  test.each<[string, JsonObject, string]>([
    ['no text', { data: null }, 'format/field'],
    ['a text that is an object', { data: {} }, 'format/field'],
    ['no signature', { signature: null }, 'format/field'],
    ['an empty signature', { signature: '' }, 'format/field'],
    ['a signature that is no Base64', { signature: '!' }, 'format/bytes'],
    ['a type that is an object', { type: {} }, 'format/field'],
    ['properties that are no JSON', { data: '{' }, 'identity/document-invalid'],
    ['properties that are a list', { data: '[]' }, 'identity/document-invalid'],
    ['properties with __proto__', { data: '{"__proto__":{}}' }, 'identity/document-invalid'],
    ['a time that is not a number', { data: '{"time":"soon"}' }, 'identity/document-invalid'],
  ])('refuses %s', async (_, change, code) => {
    const wire = await signText('{"time":5}');
    expect(() => documents.parse({ ...wire, ...change })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('gives a document or a ProtocolError for any members', async () => {
    const wire = await signText('{"time":5}');
    const names = fc.constantFrom('did', 'ID', 'type', 'terminal', 'data', 'signature');
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 })), (change) => {
        try {
          expect(documents.parse({ ...wire, ...(change as JsonObject) }).did.entity).not.toBe('');
        } catch (error) {
          if (!isProtocolError(error)) throw error;
        }
      }),
    );
  });
});

describe('replacing', () => {
  const check = async (incoming: Document, stored?: Document): Promise<void> =>
    documents.checkReplacement(incoming, stored);
  const expired = expect.objectContaining({ code: 'identity/expired' });

  test('wants a strictly newer document', async () => {
    const old = await sign({ name: 'old' }, now);
    await check(old);
    await check(await sign({}, now + 1), old);
    await expect(check(await sign({ name: 'same time' }, now), old)).rejects.toThrow(expired);
    await expect(check(await sign({}, now - 1), old)).rejects.toThrow(expired);
  });

  test('takes a dated document for newer than a 0.8 profile, never the other way', async () => {
    const seed = async (name: string) =>
      documents.parse(
        without(await signText(`{"name":"${name}"}`, { ID: alice.text }), 'did', 'type'),
      );
    await check(await sign({}), await seed('a'));
    await check(await seed('b'), await seed('a'));
    await expect(check(await seed('a'), await seed('a'))).rejects.toThrow(expired);
    await expect(check(await seed('a'), await sign({}))).rejects.toThrow(expired);
  });

  test('a visa without key never replaces one with key', async () => {
    const key = { algorithm: 'WRAP' };
    const old = await sign({ key });
    await expect(check(await sign({}, now + 1), old)).rejects.toThrow(invalid);
    await check(await sign({ key: { algorithm: 'TOY' } }, now + 1), old);
  });
});

describe('what a document says', () => {
  test('names: name, else the first of names', async () => {
    expect(documentName(await sign({ name: 'A', names: ['B'] }))).toBe('A');
    expect(documentName(await sign({ names: ['B', 'C'] }))).toBe('B');
    expect(documentName(await sign({ name: 5, names: [5] }))).toBeUndefined();
  });

  test('avatars: avatar, else the first of photos', async () => {
    expect(visaAvatar(await sign({ avatar: 'https://x.example/a' }))?.URL).toBe(
      'https://x.example/a',
    );
    expect(visaAvatar(await sign({ photos: ['https://x.example/b'] }))?.URL).toBe(
      'https://x.example/b',
    );
    expect(visaAvatar(await sign({ photos: [] }))).toBeUndefined();
  });

  test('a visa key encrypts, or does not count', async () => {
    expect(visaKey(await sign({ key: { algorithm: 'WRAP' } }), keys)?.algorithm).toBe('WRAP');
    expect(visaKey(await sign({ key: toySigner('x').toWire() }), keys)).toBeUndefined();
    expect(visaKey(await sign({}), keys)).toBeUndefined();
  });

  test('a key beside the signed text is not read', async () => {
    const { wire } = await sign({});
    expect(visaKey(documents.parse({ ...wire, key: { algorithm: 'WRAP' } }), keys)).toBeUndefined();
  });

  test('roles leave out entries that are not IDs', async () => {
    const bulletin = await sign(
      {
        founder: alice.text,
        owner: 5,
        assistants: [alice.text, 'nobody', null],
        administrators: [{}],
      },
      now,
      'bulletin',
      club,
    );
    expect(bulletinRoles(bulletin, ids.parse)).toEqual({
      founder: alice,
      assistants: [alice],
      administrators: [],
    });
    const single = await sign({ assistant: alice.text }, now, 'bulletin', club);
    expect(bulletinRoles(single, ids.parse).assistants).toEqual([alice]);
  });
});
