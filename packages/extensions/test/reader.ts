import { type ContentRegistry, contentRegistry } from '@dimp/dkd';
import { standardAddresses } from '@dimp/extensions/addresses';
import { standardCommands } from '@dimp/extensions/commands';
import { standardContents } from '@dimp/extensions/contents';
import { groupContents } from '@dimp/extensions/groups';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { addressRegistry, type ID, idReader } from '@dimp/mkm';
import fc from 'fast-check';
import { expect } from 'vitest';

export const ids = idReader(addressRegistry(...standardAddresses));
export const alice: ID = ids.parse('0x7950da97AdBd80a84fc46bC66CBee786Aa3ef0Be');
export const bob: ID = ids.parse('1JxwoorRPu1A7r9TgQqv7Fzin8d2AkqavF');
export const group: ID = ids.parse('Group-271828@bzkL6d3rEoZV4yMd7tkGtnmWZRdAcVCLp');

/** Every content type, without a dialect: what is read has the normalized spelling already. */
export const registry: ContentRegistry = contentRegistry(
  { ids },
  ...standardContents,
  ...standardCommands,
  ...groupContents,
);

/** The kind and body a wire object is read as. */
export function read(wire: JsonObject): readonly [kind: string, body: unknown] {
  const { kind, body } = registry.parse(wire);
  return [kind, body];
}

/** The wire members a draft is written with, besides `sn` and `time`. */
export function write(draft: { readonly kind: string; readonly body: unknown }): JsonObject {
  const { wire } = registry.stamp(draft as Parameters<typeof registry.stamp>[0], {
    sn: 1,
    time: 2,
  });
  const { sn: _sn, time: _time, ...rest } = wire;
  return rest;
}

/** The error code a wire object is refused with. */
export function codeOf(wire: JsonObject): string {
  try {
    registry.parse(wire);
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
  return 'none';
}

/** Any JSON under any of the names gives a content or a ProtocolError. */
export function neverThrowsAnythingElse(fixed: JsonObject, ...names: readonly string[]): void {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom(alice.text, bob.text, group.text, [alice.text], 'AAAA', { data: 'AAAA' }, '5'),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (members) => {
      expect(codeOf({ ...(members as JsonObject), ...fixed })).toMatch(
        /^(none|format\/.*|unsupported\/.*)$/,
      );
    }),
    { numRuns: 150 },
  );
}

/** A command under type 136 with its normalized members. */
export function command(name: string, members: JsonObject = {}): JsonObject {
  return { type: '136', sn: 1, command: name, ...members };
}
