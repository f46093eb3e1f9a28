import { expect, test } from 'vitest';
import { httpBlobStore } from '../src/files.ts';

// The tests' own server has no place for uploads; what a browser's fetch does differently is all that is asked here.
const blobs = httpBlobStore({ url: location.origin });
const here = import.meta.url;

test('the browser’s fetch downloads piece by piece, from an offset, and within its limit', async () => {
  const whole = await collect(blobs.download(here));
  expect(whole).toContain('piece by piece');
  expect(await collect(blobs.download(here, { offset: 100 }))).toBe(whole.slice(100));
  const limited = collect(blobs.download(here, { maxBytes: 100 }));
  await expect(limited).rejects.toMatchObject({ code: 'format/limit' });
});

test('a signal ends the browser’s request with its reason', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const reading = collect(blobs.download(here, { signal: controller.signal }));
  controller.abort(reason);
  await expect(reading).rejects.toBe(reason);
});

test('a server that the browser cannot reach is a closed connection', async () => {
  // Port 1 is one of those that browsers refuse to open.
  const anywhere = httpBlobStore({ url: location.origin, allow: () => true });
  const reading = collect(anywhere.download('http://127.0.0.1:1/x'));
  await expect(reading).rejects.toMatchObject({ code: 'transport/closed' });
});

async function collect(incoming: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of incoming) text += decoder.decode(piece, { stream: true });
  return text;
}
