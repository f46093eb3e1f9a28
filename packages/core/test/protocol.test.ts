import { defineContent } from '@dimp/dkd';
import { object, string } from '@dimp/foundation/schema';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { createProtocol, defineExtension } from '../src/index.ts';
import { toy } from './ids.ts';

const Text = defineContent({
  kind: 'text',
  match: { type: '1' },
  schema: object({ text: string }),
});
const Loud = defineContent({
  kind: 'text',
  match: { type: '1' },
  schema: object({ text: string, volume: string }),
});
const base = defineExtension({ name: 'base', addresses: [toy], contents: [Text] });

describe('createProtocol', () => {
  test('reads what its extensions brought', () => {
    const protocol = createProtocol(base);
    expect(protocol.extensions).toEqual(['base']);
    const content = protocol.parseContent('{"type":1,"sn":1,"text":"x"}');
    expect(content).toMatchObject({ kind: 'text', body: { text: 'x' } });
    expect(protocol.parseID('u1').isUser).toBe(true);
    expectTypeOf(content.kind).toEqualTypeOf<'text' | 'unknown'>();
  });

  test('refuses anything but an extension, such as a function that was not called', () => {
    const standard = () => base;
    // @ts-expect-error: it has to be called
    expect(() => createProtocol(standard)).toThrow(TypeError);
    // @ts-expect-error: it has to be called
    expect(() => createProtocol(base, standard)).toThrow(/call standard\(\)/);
    // @ts-expect-error: no extension
    expect(() => createProtocol(undefined)).toThrow(TypeError);
    // @ts-expect-error: no extension
    expect(() => createProtocol('base')).toThrow(TypeError);
    expect(createProtocol(standard()).extensions).toEqual(['base']);
  });

  test('refuses an extension twice, and a content type twice', () => {
    expect(() => createProtocol(base, base)).toThrow(/twice/);
    const other = defineExtension({ name: 'other', contents: [Loud] });
    expect(() => createProtocol(base, other)).toThrow(
      expect.objectContaining({ code: 'registry/duplicate' }) as Error,
    );
  });

  test('replaces a content type only when told so', () => {
    const other = defineExtension({ name: 'other', contents: [Loud], replaces: ['text'] });
    const content = createProtocol(base, other).parseContent({
      type: 1,
      sn: 1,
      text: 'x',
      volume: 'high',
    });
    expect(content.body).toEqual({ text: 'x', volume: 'high' });
  });

  test('names the extension that is missing', () => {
    const needy = defineExtension({ name: 'needy', requires: ['base'] });
    expect(() => createProtocol(needy)).toThrow(
      expect.objectContaining({ code: 'registry/missing-dependency' }) as Error,
    );
    expect(createProtocol(base, needy).extensions).toEqual(['base', 'needy']);
  });

  test('instances share no state and cannot be changed', () => {
    const protocol = createProtocol(base);
    expect(Object.isFrozen(protocol)).toBe(true);
    expect(createProtocol().parseContent({ type: 1, sn: 1, text: 'x' }).kind).toBe('unknown');
    expect(() => createProtocol().parseID('u1')).toThrow(
      expect.objectContaining({ code: 'unsupported/address' }) as Error,
    );
  });

  test('forgets under memory pressure without losing anything', () => {
    const protocol = createProtocol(base);
    const before = protocol.parseID('u1');
    expect(protocol.parseID('u1')).toBe(before);
    protocol.reduceMemory();
    expect(protocol.parseID('u1')).toEqual(before);
  });
});
