import type { KeyWire } from '@dimp/crypto';
import { equalJson, isProtocolError, type Json, type JsonObject } from '@dimp/foundation';
import { assert, type TestFunction, valueOrCode } from './assert.ts';

/** A reader of keys, and a valid key to start from. */
export interface ReaderUnderTest {
  /** `private`, `public` or `symmetric`, for the names of the tests. */
  readonly role: string;
  parse(wire: KeyWire): { toWire(): KeyWire };
  sample(): Promise<KeyWire>;
  /** Whether `data` is a secret. */
  readonly secret: boolean;
}

const PARSE_CODES = ['format/field', 'crypto/key'] as const;

/** Values of `data` that are not a key in any encoding. */
const GARBAGE: readonly (Json | undefined)[] = [
  undefined,
  null,
  '',
  0,
  true,
  [],
  {},
  { algorithm: 'base64' },
  { algorithm: 'rot13', data: 'AAAA' },
  'AAAA',
  'no key here',
  '\u0000\ud800',
  '{"algorithm":"hex","data":"zz"}',
  '{',
  'data:text/plain,hello',
  '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----',
  '-----BEGIN PRIVATE KEY-----\nMIIB',
  '-----BEGIN '.repeat(10_000),
  'A'.repeat(100_000),
  `{${'['.repeat(50_000)}}`,
];

/** Registers the tests of reading keys of every kind. */
export function keyWireCompliance(test: TestFunction, reader: ReaderUnderTest): void {
  const { role } = reader;

  test(`a ${role} key survives being written, sent as JSON and read`, async () => {
    const sample = await reader.sample();
    const sent = JSON.parse(JSON.stringify(sample)) as KeyWire;
    assert(equalJson(sent, sample), 'the wire object has members that JSON cannot carry');
    assert(equalJson(reader.parse(sent).toWire(), sample), 'a key read again is spelled otherwise');
  });

  test(`a ${role} key keeps members that the plug-in does not know`, async () => {
    const wire = { ...(await reader.sample()), unknownMember: { deep: [1, 'two', null] } };
    assert(equalJson(reader.parse(wire).toWire(), wire), 'an unknown member was lost');
  });

  test(`reading a ${role} key leaves its input as it is`, async () => {
    const wire = { ...(await reader.sample()), unknownMember: [1] };
    const before = JSON.stringify(wire);
    // In strict mode a write to a frozen object throws, and the comparison finds everything else.
    reader.parse(Object.freeze(wire));
    assert(JSON.stringify(wire) === before, 'the input was changed');
  });

  test(`a ${role} key of garbage is refused with format/field or crypto/key`, async () => {
    const sample = await reader.sample();
    for (const data of needsData(sample) ? GARBAGE : []) {
      const outcome = await tryParse(reader, { ...sample, data });
      assert('code' in outcome, `data ${JSON.stringify(data)?.slice(0, 40)} was accepted`);
    }
  });

  test(`a damaged ${role} key is read or refused, and errors do not quote it`, async () => {
    const sample = await reader.sample();
    const text = sample['data'];
    if (typeof text !== 'string') return;
    for (const damaged of damage(text)) {
      const wire = { ...sample, data: damaged };
      await tryParse(reader, wire);
      if (reader.secret) assertNoQuote(() => reader.parse(wire), text);
    }
  });
}

/**
 * Asserts that a text reveals nothing of a secret.
 *
 * @param secret - member `data` of the key; only its second half is looked for, because a private key may begin with
 *   its public numbers
 */
export function assertHidden(what: string, shown: string, secret: Json | undefined): void {
  if (typeof secret !== 'string') return;
  const pieces = secret.slice(secret.length / 2).match(/[A-Za-z0-9+/=]{12}/g) ?? [];
  assert(!pieces.some((piece) => shown.includes(piece)), `${what} shows the secret`);
}

/** Whether keys of the algorithm have key material; those of PLAIN do not. */
export function needsData(sample: JsonObject): boolean {
  return sample['data'] !== undefined;
}

function tryParse(
  reader: ReaderUnderTest,
  wire: JsonObject,
): Promise<{ readonly value: unknown } | { readonly code: string }> {
  return valueOrCode('reading a key', () => reader.parse(wire as KeyWire), PARSE_CODES);
}

function assertNoQuote(run: () => unknown, secret: string): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Error) || !isProtocolError(error)) return;
    const details = JSON.stringify(error.details);
    assertHidden('an error', `${error.message} ${details} ${String(error.cause)}`, secret);
  }
}

/** The text cut short, doubled and with single characters changed, spread over its length. */
function* damage(text: string): Iterable<string> {
  yield text + text;
  for (let i = 1; i <= 24; i++) {
    const at = Math.floor((text.length * i) / 25);
    yield text.slice(0, at);
    for (const character of ['A', '/', '\u0000', ' ']) {
      yield text.slice(0, at) + character + text.slice(at + 1);
    }
  }
}
