import { type ContentType, contentRegistry, defineContent } from '@dimp/dkd';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { addressRegistry, idReader } from '@dimp/mkm';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

interface Link {
  readonly url: URL;
}
type LinkSchema = StandardSchemaV1<unknown, Link>;

const context = { ids: idReader(addressRegistry()) };
const match = { type: '204', app: 'com.example', mod: 'm', act: 'link' } as const;
const link = (url: unknown): JsonObject => ({ ...match, sn: 1, url: url as string });

function typeOf(schema: LinkSchema): ContentType<'com.example/link', Link> {
  return defineContent({
    kind: 'com.example/link',
    match,
    schema,
    encode: ({ url }) => ({ url: url.href }),
    fallback: ({ url }) => url.href,
  });
}

const toURL = (text: string): URL => new URL(text);
const libraries: Record<string, LinkSchema> = {
  zod: z.object({ url: z.string().transform(toURL) }),
  valibot: v.object({ url: v.pipe(v.string(), v.transform(toURL)) }),
  arktype: type({ url: type('string').pipe((text) => toURL(text)) }),
};
/** They answer with a promise, or put one into their result. */
const asynchronous: Record<string, StandardSchemaV1<unknown, unknown>> = {
  'zod, transform': z.object({ url: z.string().transform(async (text) => toURL(text)) }),
  'zod, refine': z.object({ url: z.string().refine(async (text) => toURL(text)) }),
  'valibot, async': v.objectAsync({
    url: v.pipeAsync(
      v.string(),
      v.transformAsync(async (text) => toURL(text)),
    ),
  }),
  'valibot, promise as value': v.object({
    url: v.pipe(
      v.string(),
      v.transform(async (text) => toURL(text)),
    ),
  }),
  'valibot, promise inside': v.object({
    url: v.pipe(
      v.string(),
      v.transform((text) => new Map([['deep', [{ url: Promise.resolve(text).then(toURL) }]]])),
    ),
  }),
  'arktype, promise as value': type({ url: type('string').pipe(async (text) => toURL(text)) }),
};

describe.each(Object.entries(libraries))('a content whose schema is one of %s', (_, schema) => {
  const Type = typeOf(schema);
  const registry = contentRegistry(context, Type);

  test('is read and written', () => {
    const content = registry.parse(link('https://example.com/a'));
    expect(content).toMatchObject({ kind: 'com.example/link', body: { url: expect.any(URL) } });
    const draft = Type.create({ url: new URL('https://example.com/b') });
    const { wire } = registry.stamp(draft, { time: 1 });
    expect(wire).toMatchObject({ ...match, url: 'https://example.com/b' });
  });

  test('is refused with format/field for issues, and for any error of a function in the schema', () => {
    for (const url of [5, null, {}, 'not a url', '']) {
      expect(() => registry.parse(link(url))).toThrow(
        expect.objectContaining({ code: 'format/field' }),
      );
    }
    expect(registry.parse(link('https://example.com/'))).toMatchObject({ kind: Type.kind });
  });
});

test.each(Object.entries(asynchronous))(
  'an asynchronous schema refuses the content, and no promise is left to end the process: %s',
  async (name, schema) => {
    const Type = defineContent({ kind: 'com.example/link', match, schema });
    const registry = contentRegistry(context, Type);
    // What zod gets from an async function at its first, synchronous attempt it drops by itself. No application can define such a type
    // without noticing: not one content of it can be read.
    const urls = name.startsWith('zod') ? [] : ['not a url'];
    for (const url of [...urls, 'https://example.com/']) {
      expect(() => registry.parse(link(url))).toThrow(
        expect.objectContaining({ code: 'format/field' }),
      );
    }
    // The runner fails if a rejection has been left unhandled.
    await new Promise((resolve) => setTimeout(resolve));
  },
);

test('a schema that answers with nonsense refuses the content', () => {
  const answers: unknown[] = [
    undefined,
    null,
    5,
    { issues: 5 },
    { issues: [null] },
    { issues: [{ message: Symbol('x'), path: [null] }] },
    { issues: [] },
  ];
  for (const answer of answers) {
    const schema = {
      '~standard': { version: 1, vendor: 'other', validate: () => answer },
    } as unknown as LinkSchema;
    let error: unknown;
    try {
      contentRegistry(context, typeOf(schema)).parse(link('x'));
    } catch (thrown) {
      error = thrown;
    }
    expect(isProtocolError(error, 'format/field'), JSON.stringify(answer)).toBe(true);
  }
});

test('a fallback that fails on what a peer has sent shows the text of the content instead', () => {
  const Type = defineContent({
    kind: 'com.example/link',
    match,
    schema: z.object({ url: z.string() }),
    fallback: ({ url }) => new URL(url).href,
  });
  const registry = contentRegistry(context, Type);
  const content = registry.parse({ ...link('not a url'), text: 'a link' });
  expect(registry.fallback(content)).toBe('a link');
  expect(() => registry.stamp(Type.create({ url: 'not a url' }), { time: 1 })).toThrow(TypeError);
});
