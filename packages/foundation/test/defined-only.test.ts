import { expect, test } from 'vitest';
import { definedOnly } from '../src/index.ts';

test('undefined members are left out; null, false, 0 and the empty string stay', () => {
  const remark: string | undefined = undefined;
  const made: { id: string; remark?: string } = definedOnly({ id: 'a', remark });
  expect(Object.keys(made)).toEqual(['id']);
  expect(definedOnly({ a: null, b: false, c: 0, d: '', e: undefined })).toEqual({
    a: null,
    b: false,
    c: 0,
    d: '',
  });
});
