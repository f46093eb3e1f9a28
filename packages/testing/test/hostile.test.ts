import type { Transceiver } from '@dimp/core';
import { normalizeWire } from '@dimp/core/dialects';
import { isProtocolError, parseJson, parseTed, utf8Decode, utf8Encode } from '@dimp/foundation';
import { parsePortableNetworkFile } from '@dimp/mkm';
import { hostileJson, memberName } from '@dimp/testing/arbitraries';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { idOf, machine, open, protocol, textMessage } from './machines.ts';
import { accounts, vectorFiles } from './vector-files.ts';

let bob: Transceiver;
let genuine: readonly Uint8Array[];

beforeAll(async () => {
  const alice = await machine('alice', ['bob'], ['Group-271828']);
  const carol = await machine('carol', ['bob']);
  bob = await machine('bob', ['alice', 'carol'], ['Group-271828']);
  const group = idOf('Group-271828');
  genuine = [
    await textMessage(alice, 'alice', idOf('bob'), 'personal'),
    await textMessage(carol, 'carol', idOf('bob'), 'personal'),
    await textMessage(alice, 'alice', group, 'whole group', { group }),
    await textMessage(alice, 'alice', protocol.parseID('everyone@everywhere'), 'broadcast'),
  ];
});

/** Runs something that may refuse its input, but only with a code. */
async function survives(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isProtocolError(error)) return;
    if (error instanceof Error && error.message.startsWith('waiting for')) return;
    throw error;
  }
}

const ids = Object.values(accounts).map((account) => account.id);
const json = hostileJson(ids);

describe('input is refused with a code or becomes a value:', () => {
  test('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await survives(() => open(bob, bytes));
        await survives(() => protocol.parseContent(bytes));
      }),
    );
  });

  test('any text as ID, address and encoded data', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...ids));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        await survives(() => protocol.parseID(value));
        await survives(() => protocol.addresses.parse(value));
        await survives(() => parseTed(value));
        await survives(() => parsePortableNetworkFile(value));
      }),
    );
  });

  test('any JSON as message, content, meta, document and key', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const bytes = utf8EncodeAny(JSON.stringify(value));
        await survives(() => open(bob, bytes));
        await survives(() => protocol.parseContent(bytes));
        await survives(() => protocol.metas.parse(value));
        await survives(() => protocol.documents.parse(value));
        await survives(() => protocol.documents.parse(value, idOf('bob')));
        await survives(() => protocol.keys.parsePublic(value));
        await survives(() => protocol.keys.parsePrivate(value));
        await survives(() => protocol.keys.parseSymmetric(value));
      }),
      { numRuns: 400 },
    );
  });

  test('any JSON in place of a member of a genuine message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), memberName(), json, async (index, name, value) => {
        const wire = JSON.parse(utf8Decode(genuine[index] ?? new Uint8Array()));
        Object.defineProperty(wire, name, { value, enumerable: true, configurable: true });
        await survives(() => open(bob, utf8EncodeAny(JSON.stringify(wire))));
      }),
      { numRuns: 300 },
    );
  });

  test('a genuine message without any one of its members', async () => {
    for (const bytes of genuine) {
      for (const name of Object.keys(JSON.parse(utf8Decode(bytes)))) {
        const { [name]: _, ...rest } = JSON.parse(utf8Decode(bytes));
        await survives(() => open(bob, JSON.stringify(rest)));
      }
    }
  });

  test('a genuine message with any byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 3 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (index, position, mask) => {
          const bytes = (genuine[index] ?? new Uint8Array()).slice();
          const at = position % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ mask;
          await survives(() => open(bob, bytes));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any content of the vectors with any JSON in place of a member', async () => {
    const contents = [...vectorFiles]
      .filter(([path]) => path.startsWith('dkd/'))
      .flatMap(([, file]) => file.cases.map((each) => each.input['content']))
      .filter((each) => typeof each === 'object' && each !== null);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...contents),
        fc.nat(),
        json,
        async (content, position, value) => {
          const members = Object.entries(content as object);
          const [name] = members[position % members.length] ?? ['type'];
          const changed = Object.fromEntries([...members, [name, value]]);
          await survives(() => protocol.parseContent(utf8EncodeAny(JSON.stringify(changed))));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any JSON in the normalizing readers', async () => {
    const scopes = ['message', 'content', 'key', 'meta', 'document'] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...scopes), json, async (scope, value) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
        await survives(() => normalizeWire(scope, value as never));
      }),
    );
  });

  test.each([
    ['arrays', '['.repeat(500_000)],
    ['objects', '{"a":'.repeat(150_000)],
    ['closed arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
  ])('half a megabyte of nested %s does not overflow the stack', async (_what, text) => {
    await survives(() => open(bob, text));
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^format\/(limit|json)$/) }) as Error,
    );
  });

  test('a refused object does not change prototypes', async () => {
    await survives(() => open(bob, '{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}'));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

/** Bytes of JSON text that may hold lone surrogates, which a real sender could not encode either. */
function utf8EncodeAny(text: string): Uint8Array {
  return utf8Encode(text.replace(/\p{Surrogate}/gu, '?'));
}
