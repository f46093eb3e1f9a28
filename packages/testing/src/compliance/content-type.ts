import { normalizeContent } from '@dimp/core/dialects';
import {
  type AnyContentType,
  type Content,
  type ContentRegistry,
  type ContentRegistryContext,
  type ContentType,
  contentRegistry,
} from '@dimp/dkd';
import { standardAddresses } from '@dimp/extensions/addresses';
import { standardCommands } from '@dimp/extensions/commands';
import { standardContents } from '@dimp/extensions/contents';
import { groupContents } from '@dimp/extensions/groups';
import {
  equalJson,
  isProtocolError,
  type Json,
  type JsonObject,
  ownMember,
  parseJsonObject,
  stringifyJson,
} from '@dimp/foundation';
import { addressRegistry, type ID, idReader } from '@dimp/mkm';
import fc from 'fast-check';
import { assert, assertCode, type TestFunction } from './assert.ts';
import { deepFreeze, sameValue } from './same-value.ts';

/** A content of the type under test. */
export interface ContentSample<Body> {
  readonly body: Body;
  readonly group?: ID;
}

/** Options for {@link contentTypeCompliance}. */
export interface ContentComplianceOptions<Body> {
  /** Valid contents of the type, at least one. Together they should use every member. */
  readonly samples: readonly ContentSample<Body>[];
  /** How IDs and contents are read; by default with the standard addresses and the spellings of all generations. */
  readonly context?: ContentRegistryContext;
  /** Other content types in the same registry; by default all of the protocol. */
  readonly beside?: readonly AnyContentType[];
}

/** JSON values for members of hostile contents. */
const JUNK: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  'a@b@c',
  'data:image/png;base64,!',
  '{"a":',
  '\ud800',
  'x'.repeat(5000),
  [],
  [null],
  [[[]]],
  {},
  { data: 5 },
  { toString: 1, constructor: null },
];

/**
 * Registers the tests that every content type must pass.
 *
 * @param test - how the test framework registers a test
 *
 * @example
 * ```ts
 * import { test } from 'vitest';
 * contentTypeCompliance(test, Greeting, { samples: [{ body: { mood: 'happy' } }] });
 * ```
 */
export function contentTypeCompliance<Kind extends string, Body>(
  test: TestFunction,
  type: ContentType<Kind, Body>,
  options: ContentComplianceOptions<Body>,
): void {
  const { samples } = options;
  if (samples.length === 0) throw new TypeError('compliance needs at least one sample');
  const context = options.context ?? standardContext();
  const registry = registryWith(type, options.beside ?? ALL, context);
  const write = (sample: ContentSample<Body>): Content => stamp(registry, type, sample);

  test('a registry takes the type once', () =>
    assertCode('a second one', () => registry.with(type), 'registry/duplicate'));

  test('what is written is read back, by this type', () => {
    for (const sample of samples) {
      const written = write(sample);
      const read = registry.parse(parseJsonObject(stringifyJson(written.wire)));
      assert(read.kind === type.kind, `a content is read as "${read.kind}"`);
      assert(sameValue(read.body, sample.body), 'the body changes on the wire');
      assert(
        read.sn === SN && read.time === TIME && read.type === written.type,
        'serial number, time or type changes on the wire',
      );
      assert(sameValue(read.group, sample.group), 'the group changes on the wire');
    }
  });

  test('the wire is JSON, and the type writes its own members only', () => {
    for (const sample of samples) {
      const { wire } = write(sample);
      assert(equalJson(wire, JSON.parse(JSON.stringify(wire))), 'a member is not JSON');
      assert(wire['sn'] === SN && wire['time'] === TIME, 'serial number or time is overwritten');
      assert(wire['group'] === sample.group?.text, 'the group is overwritten');
    }
  });

  test('unknown members are kept', () => {
    for (const sample of samples) {
      const wire = { ...write(sample).wire, 'x-unknown': { kept: [1, null] } };
      const read = registry.parse(wire);
      assert(read.kind === type.kind, `an unknown member makes it "${read.kind}"`);
      assert(equalJson(read.wire, wire), 'the wire object is not kept as received');
    }
  });

  test('reading and writing change nothing', () => {
    for (const sample of samples) {
      const { wire } = write(deepFreeze({ ...sample }));
      const before = JSON.stringify(wire);
      registry.parse(deepFreeze(wire));
      assert(JSON.stringify(wire) === before, 'reading changes the wire object');
    }
  });

  test('the fallback is text or nothing', () => {
    for (const sample of samples) {
      const fallback: unknown = type.fallback(sample.body);
      assert(fallback === undefined || typeof fallback === 'string', 'the fallback is not text');
      if (fallback === undefined) continue;
      const text = ownMember(write(sample).wire, 'text');
      assert(typeof text === 'string', 'clients that do not know the type get no text');
    }
  });

  test('hostile members give a content or a ProtocolError', () => {
    for (const sample of samples) {
      const { wire } = write(sample);
      for (const name of Object.keys(wire)) {
        const { [name]: _, ...rest } = wire;
        parseHostile(registry, rest);
        for (const junk of JUNK) parseHostile(registry, { ...rest, [name]: junk });
      }
    }
  });

  test('any JSON in any member gives a content or a ProtocolError', () => {
    const wires = samples.map((sample) => write(sample).wire);
    const names = [...new Set(wires.flatMap((wire) => Object.keys(wire)))];
    const members = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(fc.constantFrom(...wires), members, (wire, changes) => {
        parseHostile(registry, { ...wire, ...(changes as JsonObject), type: wire['type'] });
      }),
      { numRuns: 200 },
    );
  });
}

const SN = 20_180_108;
const TIME = 1_766_001_000.25;

const ALL: readonly AnyContentType[] = [...standardContents, ...standardCommands, ...groupContents];

function standardContext(): ContentRegistryContext {
  return { ids: idReader(addressRegistry(...standardAddresses)), normalize: normalizeContent };
}

function registryWith(
  type: AnyContentType,
  beside: readonly AnyContentType[],
  context: ContentRegistryContext,
): ContentRegistry {
  const others = beside.filter((each) => each.kind !== type.kind);
  return contentRegistry(context, ...others, type);
}

function stamp<Kind extends string, Body>(
  registry: ContentRegistry,
  type: ContentType<Kind, Body>,
  { body, group }: ContentSample<Body>,
): Content {
  const draft = type.create(body, group === undefined ? {} : { group });
  return registry.stamp(draft as Parameters<typeof registry.stamp>[0], { sn: SN, time: TIME });
}

function parseHostile(registry: ContentRegistry, wire: JsonObject): void {
  try {
    registry.parse(wire);
  } catch (error) {
    if (isRefusal(error)) return;
    const cause = isProtocolError(error) && error.cause !== undefined ? ` from ${error.cause}` : '';
    const got = isProtocolError(error) ? `${error.code}${cause}` : String(error);
    throw new Error(`hostile members must give a format/ or unsupported/ code, got: ${got}`);
  }
}

/** The registry would turn any error of the type's own code into a refusal, and keep it as the cause. */
function isRefusal(error: unknown): boolean {
  if (!isProtocolError(error) || !/^(format|unsupported)\//.test(error.code)) return false;
  return error.cause === undefined || isProtocolError(error.cause);
}
