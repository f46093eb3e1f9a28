import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

test('the package loads where there is neither TextEncoder nor TextDecoder, as in jsdom', async () => {
  vi.stubGlobal('TextEncoder', undefined);
  vi.stubGlobal('TextDecoder', undefined);
  vi.resetModules();
  const foundation = await import('@dimp/foundation');
  expect(foundation.encodeHex(Uint8Array.of(1, 255))).toBe('01ff');
  vi.unstubAllGlobals();
  // They are asked for when they are needed.
  expect(foundation.utf8Decode(foundation.utf8Encode('grüß'))).toBe('grüß');
});
