import type { BlobSource, BlobStore } from '@dimp/core';
import { concatBytes, encodeHex, equalBytes, ProtocolError, randomBytes } from '@dimp/foundation';
import { assert, assertCode, type TestFunction } from './assert.ts';

/** Options for {@link blobStoreCompliance}. */
export interface BlobStoreComplianceOptions {
  /** Opens a store. Every call may return the same one. */
  readonly open: () => BlobStore | Promise<BlobStore>;
  /** A URL at which this store has no file. */
  readonly missing: (url: string) => string;
  /** Length of the largest file of the suite, in bytes; 1,000,000 by default. */
  readonly size?: number;
}

/**
 * Registers the tests that every {@link BlobStore} must pass.
 *
 * @param test - how the test framework registers a test
 */
export function blobStoreCompliance(
  test: TestFunction,
  { open, missing, size = 1_000_000 }: BlobStoreComplianceOptions,
): void {
  for (const length of [0, 1, 1000, size]) {
    test(`${length} bytes are downloaded as they were uploaded`, async () => {
      const store = await open();
      const bytes = noise(length);
      const url = await store.upload(sourceOf(bytes), { name: freshName() });
      assert(equalBytes(await read(store, url), bytes), 'other bytes came back');
    });
  }

  test('a download begins at the requested offset', async () => {
    const store = await open();
    const bytes = noise(size);
    const url = await store.upload(sourceOf(bytes), { name: freshName() });
    for (const offset of [1, 999, size - 1]) {
      const rest = await read(store, url, { offset });
      assert(equalBytes(rest, bytes.subarray(offset)), `other bytes came from ${offset} on`);
    }
  });

  test('a file of the largest allowed size passes, a larger one is refused', async () => {
    const store = await open();
    const url = await store.upload(sourceOf(noise(1000)), { name: freshName() });
    assert((await read(store, url, { maxBytes: 1000 })).length === 1000, 'a file was cut');
    const small = { maxBytes: 999 };
    await assertCode('a file above the limit', () => read(store, url, small), 'format/limit');
    const rest = { offset: 990, maxBytes: 999 };
    await assertCode('the rest of it', () => read(store, url, rest), 'format/limit');
  });

  test('a missing file is not found', async () => {
    const store = await open();
    const url = await store.upload(sourceOf(noise(10)), { name: freshName() });
    await assertCode('nothing', () => read(store, missing(url)), 'identity/not-found');
  });

  test('a failing source fails the upload, which can be resumed by the same name', async () => {
    const store = await open();
    const bytes = noise(size);
    const name = freshName();
    const broken = failingSource(bytes, Math.floor(size / 2));
    await assertCode('an upload', () => store.upload(broken, { name }), 'store/unavailable');
    const url = await store.upload(sourceOf(bytes), { name, resume: true });
    assert(equalBytes(await read(store, url), bytes), 'other bytes came back');
  });

  test('resuming an upload that is complete, or was never begun, succeeds', async () => {
    const store = await open();
    const bytes = noise(5000);
    const name = freshName();
    for (let round = 0; round < 2; round++) {
      const url = await store.upload(sourceOf(bytes), { name, resume: true });
      assert(equalBytes(await read(store, url), bytes), 'other bytes came back');
    }
  });

  test('progress grows up to the length of the file', async () => {
    const store = await open();
    const steps: number[] = [];
    const onProgress = (sent: number): void => void steps.push(sent);
    await store.upload(sourceOf(noise(size)), { name: freshName(), onProgress });
    assert(steps.at(-1) === size, 'the last step is not the whole');
    assert(
      steps.every((step, index) => index === 0 || step >= (steps[index - 1] ?? 0)),
      'progress went back',
    );
  });

  test('a signal aborts an upload and a download with its reason', async () => {
    const store = await open();
    const bytes = noise(size);
    const url = await store.upload(sourceOf(bytes), { name: freshName() });
    const reason = new Error('no longer wanted');
    const aborted = AbortSignal.abort(reason);
    const uploading = store.upload(sourceOf(bytes), { name: freshName(), signal: aborted });
    assert((await failure(() => uploading)) === reason, 'an upload ended for another reason');
    const reading = failure(() => read(store, url, { signal: aborted }));
    assert((await reading) === reason, 'a download ended for another reason');
    const controller = new AbortController();
    const source = sourceOf(bytes);
    const late = store.upload(
      {
        size,
        read: (start, end) => {
          controller.abort(reason);
          return source.read(start, end);
        },
      },
      { name: freshName(), signal: controller.signal },
    );
    assert((await failure(() => late)) === reason, 'a running upload ended for another reason');
  });
}

async function read(
  store: BlobStore,
  url: string,
  options: Parameters<BlobStore['download']>[1] = {},
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.download(url, options)) pieces.push(piece.slice());
  return concatBytes(...pieces);
}

async function failure(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function sourceOf(bytes: Uint8Array): BlobSource {
  return { size: bytes.length, read: (start, end) => bytes.slice(start, end) };
}

function failingSource(bytes: Uint8Array, from: number): BlobSource {
  return {
    size: bytes.length,
    read(start, end) {
      if (end > from) throw new ProtocolError('store/unavailable', 'disk is gone');
      return bytes.slice(start, end);
    },
  };
}

/** Bytes that look random; the platform's generator returns at most 65,536 at a time. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 1009) {
    bytes.set(randomBytes(Math.min(1009, length - start)), start);
  }
  return bytes;
}

function freshName(): string {
  return `${encodeHex(randomBytes(16))}.bin`;
}
