import { type ContentType, contentRegistry, defineContent } from '@dimp/dkd';
import { addressRegistry, idReader } from '@dimp/mkm';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, test } from 'vitest';

interface Vote {
  readonly choice: number;
}

/** A schema of "another library": it reads only, and knows nothing of our errors. */
function foreign(
  validate: (
    value: unknown,
  ) => StandardSchemaV1.Result<Vote> | Promise<StandardSchemaV1.Result<Vote>>,
): StandardSchemaV1<unknown, Vote> {
  return { '~standard': { version: 1, vendor: 'other', validate } };
}

function voteWith(schema: StandardSchemaV1<unknown, Vote>): ContentType<'vote', Vote> {
  return defineContent({ kind: 'vote', match: { type: '204', app: 'vote' }, schema });
}

const context = { ids: idReader(addressRegistry()) };
const wire = { type: '204', app: 'vote', choice: 2 };

describe('contents described with another schema library', () => {
  const good = foreign((value) => {
    const { choice } = value as Vote;
    return typeof choice === 'number'
      ? { value: { choice } }
      : { issues: [{ message: 'no number', path: ['choice', { key: 0 }] }] };
  });

  test('are read, and written as they are', () => {
    const registry = contentRegistry(context, voteWith(good));
    expect(registry.parse(wire)).toMatchObject({ kind: 'vote', body: { choice: 2 } });
    const draft = voteWith(good).create({ choice: 3 });
    expect(registry.stamp(draft, { time: 1 }).wire).toMatchObject({ app: 'vote', choice: 3 });
  });

  test('turn issues into format/field with their paths', () => {
    const registry = contentRegistry(context, voteWith(good));
    expect(() => registry.parse({ ...wire, choice: 'x' })).toThrow(
      expect.objectContaining({
        code: 'format/field',
        details: { field: 'vote', issues: [{ message: 'no number', path: ['choice', '0'] }] },
      }),
    );
  });

  test('must be synchronous', () => {
    const slow = foreign(async () => ({ value: { choice: 1 } }));
    expect(() => contentRegistry(context, voteWith(slow)).parse(wire)).toThrow(
      expect.objectContaining({
        code: 'format/field',
        details: { field: 'vote', reason: 'promise' },
      }),
    );
  });
});
