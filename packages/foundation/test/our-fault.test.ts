import { expect, test } from 'vitest';
import { isOurFault, isStoreError, ProtocolError, rethrowOurFault } from '../src/index.ts';

test('store errors and bugs are failures of this program; other codes refuse input', () => {
  const full = new ProtocolError('store/quota', 'full');
  const bad = new ProtocolError('format/json', 'bad');
  expect([full, bad, new TypeError('bug'), undefined].map(isStoreError)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([full, bad, new TypeError('bug'), undefined].map(isOurFault)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(() => rethrowOurFault(full)).toThrow(full);
  expect(() => rethrowOurFault(bad)).not.toThrow();
});
