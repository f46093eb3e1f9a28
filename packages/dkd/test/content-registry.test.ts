import {
  type AnyContentType,
  type Content,
  type ContentMatch,
  type ContentRegistryContext,
  type ContentType,
  contentRegistry,
  defineContent,
  MAX_CONTENT_IDS,
  MAX_SERIAL_NUMBER,
  serialNumbers,
} from '@dimp/dkd';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { array, jsonObject, lenientArray, object, optional, string } from '@dimp/foundation/schema';
import { addressRegistry, EVERYONE, type ID, idReader } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const ids = idReader(addressRegistry());
const context: ContentRegistryContext = { ids };
const duplicate = expect.objectContaining({ code: 'registry/duplicate' });
const field = expect.objectContaining({ code: 'format/field' });

interface Said {
  readonly text: string;
}
const Text: ContentType<'text', Said> = defineContent({
  kind: 'text',
  match: { type: '1' },
  schema: object({ text: string }),
});
interface Named {
  readonly did: ID;
}
const Card: ContentType<'card', Named> = defineContent({
  kind: 'card',
  match: { type: '51' },
  schema: ({ id }) => object({ did: id }),
});
interface Mood {
  readonly mood: string;
}
const Greeting: ContentType<'com.example/greeting', Mood> = defineContent({
  kind: 'com.example/greeting',
  match: { type: '204', app: 'com.example', act: 'greet' },
  schema: object({ mood: string }),
  fallback: (body) => `feels ${body.mood}`,
});

const registry = contentRegistry(context, Text, Card, Greeting);

function matching(kind: string, match: ContentMatch | readonly ContentMatch[]): AnyContentType {
  return defineContent({ kind, match, schema: jsonObject, encode: () => ({}) });
}

describe('parse', () => {
  test('reads what all contents have, and the body of the type', () => {
    const wire = {
      type: 1,
      sn: '7',
      time: '5.25',
      group: 'everyone@everywhere',
      text: 'hi',
      x: [1],
    };
    expect(registry.parse(wire)).toEqual({
      kind: 'text',
      type: '1',
      sn: 7,
      time: 5.25,
      group: EVERYONE,
      body: { text: 'hi' },
      wire,
    });
  });

  test('leaves out what is absent, null or an empty group', () => {
    const content = registry.parse({ type: '1', time: null, group: '', text: 'x' });
    expect(Object.keys(content).sort()).toEqual(['body', 'kind', 'sn', 'type', 'wire']);
    expect(content.sn).toBe(0);
  });

  test('keeps a content of unknown type without loss', () => {
    const wire: JsonObject = { type: 'sticker', sn: 1, pack: { of: ['cats', null] } };
    const content = registry.parse(wire);
    expect(content.kind).toBe('unknown');
    expect(content.type).toBe('sticker');
    expect(content.wire).toBe(wire);
    expect(content.body).toEqual(wire);
  });

  test('reads a content that its type refuses as an unknown one, if asked to', () => {
    const wire: JsonObject = { type: '1', sn: 7, time: 1_700_000_000, text: { no: 'text' } };
    expect(() => registry.parse(wire)).toThrow(field);
    const content = registry.parseAsUnknown(wire);
    expect(content).toMatchObject({ kind: 'unknown', type: '1', sn: 7, time: 1_700_000_000 });
    expect(content.wire).toBe(wire);
    for (const damaged of [{ sn: 1 }, { type: '1', sn: {} }, { type: '1', group: 5 }, []]) {
      expect(() => registry.parseAsUnknown(damaged as JsonObject)).toThrow(field);
    }
  });

  test('keeps the object as received where it is normalized for reading', () => {
    const short = contentRegistry(
      { ids, normalize: (wire) => ({ ...wire, type: wire['T'] }) },
      Text,
    );
    const received = { T: '1', text: 'x' };
    const content = short.parse(received);
    expect(content.kind).toBe('text');
    expect(content.wire).toBe(received);
  });

  test.each<[string, unknown]>([
    ['no object', [{ type: '1' }]],
    ['nothing', undefined],
    ['no type', { sn: 1 }],
    ['an empty type', { type: '' }],
    ['a type that is an object', { type: { a: 1 } }],
    ['a serial number that is not a number', { type: '1', sn: {}, text: 'x' }],
    ['a time that is not a number', { type: '1', time: 'now', text: 'x' }],
    ['a group that is no ID', { type: '1', group: 'a@b@c', text: 'x' }],
    ['a body that its type refuses', { type: '1', text: 5 }],
    ['a damaged group in an unknown content', { type: '99', group: 5 }],
  ])('refuses %s as format/field', (_, wire) => {
    expect(() => registry.parse(wire as JsonObject)).toThrow(field);
  });

  test('gives a content or a ProtocolError for any JSON', () => {
    const names = fc.constantFrom(
      'type',
      'sn',
      'time',
      'group',
      'text',
      'app',
      'act',
      'mood',
      'did',
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('1', 1, '51', '204', 'com.example', 'greet', 'anyone@anywhere'),
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(names, value)), (wire) => {
        try {
          expect(registry.parse(wire as JsonObject).type).not.toBe('');
        } catch (error) {
          if (!isProtocolError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('dispatch', () => {
  const kindOf = (wire: JsonObject, ...types: AnyContentType[]): string =>
    contentRegistry(context, ...types).parse(wire).kind;
  const any = matching('any', { type: '136' });
  const named = matching('named', { type: ['136', '137'], command: 'invite' });
  const grouped = matching('grouped', { type: '136', command: '*', group: '*' });

  test('more fixed texts win, in any order of registration', () => {
    const wire = { type: '136', command: 'invite', group: 'everyone@everywhere' };
    expect(kindOf(wire, any, grouped, named)).toBe('named');
    expect(kindOf(wire, named, grouped, any)).toBe('named');
    expect(kindOf({ ...wire, command: 'rename' }, any, grouped, named)).toBe('grouped');
    expect(kindOf({ type: '136', command: 'rename' }, grouped, any)).toBe('any');
    expect(kindOf({ type: '137', command: 'invite' }, any, named)).toBe('named');
    expect(kindOf({ type: '137', command: 'rename' }, any, named)).toBe('unknown');
  });

  test('"any text" is neither empty, nor null, nor an object', () => {
    for (const group of ['', null]) {
      expect(kindOf({ type: '136', command: 'x', group }, any, grouped)).toBe('any');
    }
    expect(() => kindOf({ type: '136', command: 'x', group: {} }, any, grouped)).toThrow(field);
  });

  test('numbers are compared as text', () => {
    expect(kindOf({ type: 9, level: 3 }, matching('x', { type: '9', level: '3' }))).toBe('x');
  });

  test('one of several matches is enough, and the first is written', () => {
    const type = matching('several', [
      { type: '204', mod: ['history', 'keys'] },
      { type: '204', mod: 'other', from: '*' },
    ]);
    expect(kindOf({ type: '204', mod: 'keys' }, type)).toBe('several');
    expect(kindOf({ type: '204', mod: 'other', from: 'x' }, type)).toBe('several');
    expect(kindOf({ type: '204', mod: 'other' }, type)).toBe('unknown');
    const stamped = contentRegistry(context, type).stamp(
      { kind: 'several', body: {} },
      { time: 1 },
    );
    expect(stamped.wire).toMatchObject({ type: '204', mod: 'history' });
  });

  test('members of the prototype match nothing', () => {
    const type = matching('x', { type: '9', constructor: '*' });
    expect(kindOf({ type: '9' }, type)).toBe('unknown');
  });
});

describe('registration', () => {
  test('refuses a kind twice, and a match twice', () => {
    expect(() => contentRegistry(context, Text, { ...Text, match: { type: '2' } })).toThrow(
      duplicate,
    );
    expect(() => contentRegistry(context, Text, { ...Text, kind: 'other' })).toThrow(duplicate);
    expect(() =>
      contentRegistry(
        context,
        Greeting,
        matching('y', { act: 'greet', app: 'com.example', type: '204' }),
      ),
    ).toThrow(duplicate);
  });

  test('replaces a kind that is named, with the later type', () => {
    const loud = { ...Text, fallback: () => 'LOUD' };
    const replaced = contentRegistry({ ids, replace: ['text'] }, Text, loud);
    expect(replaced.types).toEqual([loud]);
  });

  test('grows into a new registry and stays as it is', () => {
    const more = contentRegistry(context, Text).with(Card);
    expect(more.parse({ type: '51', did: 'anyone@anywhere' }).kind).toBe('card');
    expect(contentRegistry(context, Text).parse({ type: '51' }).kind).toBe('unknown');
    expect(Object.isFrozen(more)).toBe(true);
  });
});

describe('stamp', () => {
  test('numbers, dates and writes a draft', () => {
    const draft = Text.create({ text: 'hi' }, { group: EVERYONE });
    const content = registry.stamp(draft, {
      time: 5.5,
      sn: 7,
      extra: { receiver: 'anyone@anywhere' },
    });
    expect(content).toMatchObject({ kind: 'text', type: '1', sn: 7, time: 5.5, group: EVERYONE });
    expect(content.wire).toEqual({
      time: 5.5,
      type: '1',
      sn: 7,
      group: 'everyone@everywhere',
      text: 'hi',
      receiver: 'anyone@anywhere',
    });
  });

  test('puts the time first: the first block is what an attacker on the path can change', () => {
    const { wire } = registry.stamp(Text.create({ text: 'hi' }), { time: 5 });
    expect(Object.keys(wire)[0]).toBe('time');
  });

  test('sends the fallback along as text', () => {
    const content = registry.stamp(Greeting.create({ mood: 'happy' }), { time: 5 });
    expect(content.wire).toMatchObject({ type: '204', app: 'com.example', text: 'feels happy' });
    expect(registry.fallback(content)).toBe('feels happy');
    const elsewhere = contentRegistry(context, Text);
    expect(elsewhere.fallback(elsewhere.parse(content.wire))).toBe('feels happy');
  });

  test('has no fallback for what carries no text', () => {
    expect(registry.fallback(registry.parse({ type: '99', text: { a: 1 } }))).toBeUndefined();
  });

  test('refuses a draft of a kind that is not registered', () => {
    const draft = matching('other', { type: '9' }).create({});
    expect(() => registry.stamp(draft, { time: 5 })).toThrow(
      expect.objectContaining({ code: 'unsupported/content' }),
    );
  });

  test('numbers contents one after the other', () => {
    const next = (): number => registry.stamp(Text.create({ text: '' }), { time: 1 }).sn;
    const first = next();
    expect(next()).toBe(first === MAX_SERIAL_NUMBER ? 1 : first + 1);
  });
});

test('serial numbers stay between 1 and 2³¹ − 1', () => {
  for (let i = 0; i < 100; i++) {
    const sn = serialNumbers()();
    expect(sn).toBeGreaterThanOrEqual(1);
    expect(sn).toBeLessThanOrEqual(MAX_SERIAL_NUMBER);
  }
});

describe('types', () => {
  test('the kind narrows the body', () => {
    const content = registry.parse({ type: '1', text: 'x' });
    if (content.kind === 'text') {
      const said: string = content.body.text;
      expect(said).toBe('x');
      // @ts-expect-error -- a text has no mood
      expect(content.body.mood).toBeUndefined();
    }
    // @ts-expect-error -- no such kind is registered
    expect(content.kind === 'video').toBe(false);
  });

  test('a content that is not registered does not compile, nor run', () => {
    const narrow = contentRegistry(context, Text);
    // @ts-expect-error -- Card is not registered
    expect(() => narrow.stamp(Card.create({ did: EVERYONE }), { time: 1 })).toThrow(
      expect.objectContaining({ code: 'unsupported/content' }),
    );
    expect(narrow.with(Card).stamp(Card.create({ did: EVERYONE }), { time: 1 }).kind).toBe('card');
  });

  test('a body of the wrong shape does not compile', () => {
    // @ts-expect-error -- text is missing
    expect(Text.create({}).kind).toBe('text');
    const Optional: ContentType<'o', { readonly note?: string }> = defineContent({
      kind: 'o',
      match: { type: '9' },
      schema: object({ note: optional(string) }),
    });
    expect(Optional.create({}).body).toEqual({});
  });
});

describe('the number of IDs in a content', () => {
  const Members: ContentType<'members', { readonly members: readonly ID[] }> = defineContent({
    kind: 'members',
    match: { type: '9' },
    schema: ({ id }) => object({ members: lenientArray(id) }),
  });
  const Bundle: ContentType<'bundle', { readonly contents: readonly Content[] }> = defineContent({
    kind: 'bundle',
    match: { type: '10' },
    schema: ({ content }) => object({ contents: array(content) }),
  });
  const bounded = contentRegistry(context, Members, Bundle);
  const limit = expect.objectContaining({ code: 'format/limit' });
  const list = (from: number, length: number, word = 'anywhere') => ({
    type: '9',
    members: Array.from({ length }, (_, i) => `${from + i}@${word}`),
  });

  test('is bounded, damaged ones included', () => {
    expect(bounded.parse(list(0, MAX_CONTENT_IDS)).kind).toBe('members');
    expect(() => bounded.parse(list(0, MAX_CONTENT_IDS + 1))).toThrow(limit);
    expect(bounded.parse({ type: '9', members: Array(MAX_CONTENT_IDS).fill(5) }).body).toEqual({
      members: [],
    });
    expect(() => bounded.parse({ type: '9', members: Array(MAX_CONTENT_IDS + 1).fill(5) })).toThrow(
      limit,
    );
  });

  test('counts what contents inside it name, but nothing twice', () => {
    const half = MAX_CONTENT_IDS / 2;
    const many = Array.from({ length: 20 }, () => list(0, half));
    expect(bounded.parse({ type: '10', contents: many }).kind).toBe('bundle');
    const others = [list(0, half), list(half, half), list(2 * half, 1)];
    expect(() => bounded.parse({ type: '10', contents: others })).toThrow(limit);
  });

  test('starts anew with each content, also after a refused one', () => {
    expect(() => bounded.parse(list(0, MAX_CONTENT_IDS + 1))).toThrow(limit);
    expect(bounded.parse(list(5000, MAX_CONTENT_IDS)).kind).toBe('members');
  });
});
