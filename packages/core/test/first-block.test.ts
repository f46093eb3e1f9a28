import type { Envelope } from '@dimp/dkd';
import {
  equalJson,
  isProtocolError,
  type JsonObject,
  memberPositions,
  parseJsonObject,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import * as fc from 'fast-check';
import { describe, expect, inject, test } from 'vitest';
import { normalizeContent } from '../src/dialects/incoming.ts';
import { isTimeTrusted, readDecrypted } from '../src/transceiver/content-reading.ts';
import { id } from './ids.ts';

/** How the programs of all generations begin their contents. */
const BODIES: Readonly<Record<string, string>> = {
  'today’s, in Python':
    '{"type": 1, "sn": 3141592653, "time": 1766010000.5, "group": "g", "text": "hi"}',
  'today’s, in JavaScript':
    '{"type":1,"sn":3141592653,"time":1766010000.5,"group":"g","text":"hi"}',
  'a command':
    '{"type": 136, "sn": 42, "time": 1766010000, "cmd": "block", "command": "block", "list": []}',
  'of 0.8': '{"type": 1, "sn": 42, "text": "hi", "time": 1766010000}',
  'with short names': '{"T":"1","N":3141592653,"W":1766010000.5,"G":"g","text":"hi"}',
  'a command with short names': '{"T":"136","N":3141592653,"W":1766010000.5,"C":"mute","list":[]}',
  'ours of before, time first':
    '{"time":1766010000.5,"type":1,"sn":42,"text":"hi","sender":"a","receiver":"b"}',
  'ours of before, short names':
    '{"W":1766010000.5,"T":"136","N":42,"C":"mute","G":"g","list":["a"]}',
};

const ENVELOPE: Envelope = { sender: id('u1'), receiver: id('u2'), time: 0 };
const IV = new Uint8Array(16);

declare module 'vitest' {
  interface ProvidedContext {
    /** First blocks that `pnpm fuzz` tries in all; 0 in other runs. */
    fuzzRuns: number;
  }
}

/** Random first blocks for each body and each of the two generators. */
const RUNS = Math.ceil(inject('fuzzRuns') / Object.keys(BODIES).length / 2) || 1500;

/** Pieces that JSON is made of, the names that count among them. */
const TOKENS = [
  '"',
  ':',
  ',',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '\\',
  '0',
  '1',
  '9',
  '-',
  '.',
  'e',
  'a',
  'null',
  'true',
  '"T":9,',
  '"N":9,',
  '"W":9,',
  '"C":9,',
  '"G":9,',
  '"T"',
  '"N"',
  '"W"',
  '"C"',
  '"G"',
  '"a"',
  '"a":"',
  '"type"',
  '"sn"',
  '"time"',
  '"cmd"',
  '"command"',
  '"group"',
  '"type":',
  '"sn":',
  '"time":',
  '"cmd":',
  '"command":',
  '"group":',
  '"_":',
  '"ID":',
  '"did":',
  '"bound":',
  '\\u0054',
  'é',
] as const;

const block = fc
  .array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 16 })
  .map((tokens) => utf8Encode(`{${tokens.join('')}`))
  .filter((bytes) => bytes.length >= 16)
  .map((bytes) => bytes.slice(0, 16));
/** Beginnings of contents, each with an end that makes the rest of the plaintext valid. */
const likely = fc
  .tuple(
    fc.shuffledSubarray(
      [
        '"T":9',
        '"N":9',
        '"W":9',
        '"C":9',
        '"G":9',
        '"sn":1',
        '"time":1',
        '"type":9',
        '"command":1',
        '"cmd":1',
        '"group":1',
      ],
      { minLength: 1, maxLength: 3 },
    ),
    fc.constantFrom(
      '',
      ',"a"',
      ',"sn"',
      ',"N"',
      ',"time"',
      ',"a":',
      ',"N":',
      ',"a":1',
      ',"a":"',
      ',',
    ),
  )
  .map(([members, end]) => `{${members.join(',')}${end}`)
  .filter((text) => text.length <= 16)
  .map((text) => utf8Encode(`{${text.slice(1).padStart(15, ' ')}`));

function read(bytes: Uint8Array): { wire: JsonObject; trusted: boolean } | undefined {
  try {
    const content = readDecrypted(bytes, { authenticated: false, iv: IV }, ENVELOPE);
    return { wire: normalizeContent(content.wire), trusted: isTimeTrusted(content) };
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}

/** An attacker who changes the IV writes any first block (spec §14.2 no. 16). */
describe.each(Object.entries(BODIES))('a changed first block of a content, %s', (_, body) => {
  const plaintext = utf8Encode(body);
  const original = normalizeContent(parseJsonObject(body));
  const behind = [...memberPositions(plaintext)]
    .filter(([, offset]) => offset >= 16)
    .map(([name]) => normalizeContent({ type: 1, sn: 1, [name]: 0 }))
    .flatMap((wire) => Object.keys(wire))
    .filter((name) => Object.hasOwn(original, name) && name !== 'type' && name !== 'sn');

  test('opens as it was written', () => {
    expect(read(plaintext)?.wire).toEqual(original);
    expect(behind.length).toBeGreaterThan(0);
  });

  test.each([
    ['of any pieces', block, RUNS],
    ['that fits', likely, RUNS],
  ])('changes no member behind it, and no time that is trusted: %s', (__, blocks, numRuns) => {
    fc.assert(
      fc.property(blocks, (first) => {
        const changed = Uint8Array.from(plaintext);
        changed.set(first);
        const opened = read(changed);
        if (opened === undefined) return;
        for (const name of behind) {
          if (name === 'time' && !opened.trusted) continue;
          const shown = utf8Decode(first);
          expect([shown, name, equalJson(opened.wire[name], original[name])]).toEqual([
            shown,
            name,
            true,
          ]);
        }
        if (opened.trusted) expect(opened.wire['time']).toBe(original['time']);
      }),
      { numRuns },
    );
  });
});

test('the blocks of this test are not all refused', () => {
  const opened = fc
    .sample(likely, { numRuns: 3000, seed: 1 })
    .flatMap((first) =>
      Object.values(BODIES).map((body) => {
        const changed = utf8Encode(body);
        changed.set(first);
        return read(changed);
      }),
    )
    .filter((each) => each !== undefined);
  expect(opened.length).toBeGreaterThan(50);
});
