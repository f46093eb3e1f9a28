import { concatBytes, decodeHex, encodeHex, utf8Encode } from '@dimp/foundation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, MtpDecoder, type MtpFrame } from '../src/mtp.ts';
import { anyFrame, chunkSizes, codeOf, cut, hostileBytes, idOf } from './helpers.ts';

const hello: MtpFrame = {
  type: 'message',
  id: idOf(1),
  pages: 1,
  index: 0,
  body: utf8Encode('{"a":1}'),
};

/** The packages that a decoder yields for a stream in these pieces, then its error. */
function decode(chunks: readonly Uint8Array[]): { frames: MtpFrame[]; failure: string } {
  const decoder = new MtpDecoder();
  const frames: MtpFrame[] = [];
  for (const chunk of chunks) {
    const failure = codeOf(() => frames.push(...decoder.push(chunk)));
    if (failure !== 'none') return { frames, failure };
  }
  return { frames, failure: decoder.failure?.code ?? 'none' };
}

describe('MtpDecoder', () => {
  test('any packages, cut anyhow, come out the same', () => {
    fc.assert(
      fc.property(fc.array(anyFrame), chunkSizes, (frames, sizes) => {
        const stream = concatBytes(...frames.map(encodeFrame));
        expect(decode(cut(stream, sizes))).toEqual({ frames, failure: 'none' });
      }),
    );
  });

  test('any bytes give packages or a ProtocolError, and the same for every cut', () => {
    fc.assert(
      fc.property(hostileBytes, chunkSizes, (bytes, sizes) => {
        expect(decode(cut(bytes, sizes))).toEqual(decode([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  test('garbage without magic word between packages is skipped and counted', () => {
    const garbage = fc
      .uint8Array({ maxLength: 50 })
      .map((bytes) => bytes.filter((b) => b !== 0x44));
    fc.assert(
      fc.property(fc.array(fc.tuple(garbage, anyFrame)), chunkSizes, (items, sizes) => {
        const decoder = new MtpDecoder();
        const stream = concatBytes(...items.flatMap(([junk, frame]) => [junk, encodeFrame(frame)]));
        const frames = cut(stream, sizes).flatMap((chunk) => decoder.push(chunk));
        expect(frames).toEqual(items.map(([, frame]) => frame));
        expect(decoder.skippedBytes).toBe(items.reduce((sum, [junk]) => sum + junk.length, 0));
      }),
    );
  });

  test('a package directly behind any number of false magic words is not lost', () => {
    const falseHeads = ['44494d99', '44494d44', '44494df0', '44494d', '4449', '44494d7200'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...falseHeads)), (heads) => {
        const stream = concatBytes(decodeHex(heads.join('')), encodeFrame(hello));
        expect(decode([stream])).toEqual({ frames: [hello], failure: 'none' });
      }),
    );
  });

  test('a fragment head whose pages cannot be is skipped', () => {
    for (const pages of ['0000000000000000', '0000000200000002', '0020000100000000']) {
      const stream = concatBytes(decodeHex(`44494d6a0102030405060708${pages}`), encodeFrame(hello));
      expect(decode([stream]).frames).toEqual([hello]);
    }
  });

  test('bodies are copies: a chunk may be reused, even one whose slice is a view', () => {
    class Pooled extends Uint8Array {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end) as Uint8Array<ArrayBuffer>;
      }
    }
    const chunk = new Pooled(encodeFrame(hello));
    const decoder = new MtpDecoder();
    const frames = [...decoder.push(chunk), ...decoder.push(chunk.subarray(0, 20))];
    chunk.fill(0xff);
    frames.push(...decoder.push(encodeFrame(hello).subarray(20)));
    expect(frames).toEqual([hello, hello]);
  });

  test('bodies share a chunk that is theirs, but fragments and bodies of long chunks never keep one', () => {
    const sharing = (...frames: MtpFrame[]): (number | undefined)[] => {
      const chunk = concatBytes(...frames.map(encodeFrame));
      const found = new MtpDecoder({ sharesChunks: true }).push(chunk);
      expect(found.map(({ body }) => body)).toEqual(frames.map(({ body }) => body));
      return found.map(({ body }) => body.buffer.byteLength - chunk.length);
    };
    const long: MtpFrame = { ...hello, body: new Uint8Array(20_000) };
    const fragment: MtpFrame = { ...hello, type: 'fragment', pages: 2, index: 0 };
    expect(sharing(hello, hello)).toEqual([0, 0]);
    expect(sharing(hello, fragment)[1]).toBeLessThan(0);
    expect(sharing(hello, long)[0]).toBeLessThan(0);
    const part = new Uint8Array(20_000).subarray(0, encodeFrame(hello).length);
    part.set(encodeFrame(hello));
    const [of] = new MtpDecoder({ sharesChunks: true }).push(part);
    expect(of?.body.buffer.byteLength).toBe(hello.body.length);
    const decoder = new MtpDecoder({ sharesChunks: true });
    const [first, second] = [encodeFrame(hello).slice(0, 9), encodeFrame(hello).slice(9)];
    const bodies = [...decoder.push(first), ...decoder.push(second)].map(({ body }) => body);
    decoder.push(encodeFrame({ ...hello, body: Uint8Array.of(9, 9, 9) }));
    expect(bodies).toEqual([hello.body]);
  });

  test('a length above the limit is refused before its body arrives', () => {
    const head = (length: string): Uint8Array => decodeHex(`44494d420000000000000001${length}`);
    const limits: [number, string, string][] = [
      [100, '00000064', 'none'],
      [100, '00000065', 'format/limit'],
      [2 ** 30, '40000000', 'none'],
      [2 ** 30, '40000001', 'format/limit'],
      [2 ** 30, 'ffffffff', 'format/limit'],
    ];
    for (const [maxBodyBytes, length, code] of limits) {
      const decoder = new MtpDecoder({ maxBodyBytes });
      expect(codeOf(() => decoder.push(head(length)))).toBe(code);
      expect(decoder.waitingBytes).toBe(code === 'none' ? 16 : 0);
    }
  });

  test('heads without length end the connection', () => {
    const id = '0102030405060708';
    for (const head of ['44494d12', `44494d32${id}`, `44494d5a${id}0000000200000001`]) {
      const decoder = new MtpDecoder();
      expect(codeOf(() => decoder.push(decodeHex(head)))).toBe('transport/protocol');
    }
  });

  test('packages before a fatal head are delivered; then the decoder is dead', () => {
    const decoder = new MtpDecoder();
    const chunk = concatBytes(encodeFrame(hello), decodeHex('44494d12'), encodeFrame(hello));
    expect(decoder.push(chunk)).toEqual([hello]);
    expect(decoder.failure?.code).toBe('transport/protocol');
    for (let i = 0; i < 2; i++) {
      expect(codeOf(() => decoder.push(encodeFrame(hello)))).toBe('transport/protocol');
    }
    expect(decoder.waitingBytes).toBe(0);
  });

  test('an error tells the limit and nothing of the stream', () => {
    const decoder = new MtpDecoder({ maxBodyBytes: 5 });
    const chunk = concatBytes(encodeFrame({ ...hello, body: utf8Encode('secret') }));
    expect(codeOf(() => decoder.push(chunk))).toBe('format/limit');
    expect(JSON.stringify([decoder.failure?.message, decoder.failure?.details])).not.toMatch(
      /secret|DIM/,
    );
    expect(decoder.failure?.details).toEqual({ limit: 'bytes', max: 5 });
  });

  test('the limit itself has limits', () => {
    for (const maxBodyBytes of [0, -1, 1.5, Number.NaN, 2 ** 30 + 1]) {
      expect(() => new MtpDecoder({ maxBodyBytes })).toThrow(RangeError);
    }
  });

  test('a peer that sends one byte at a time costs linear time', () => {
    const stream = encodeFrame({ ...hello, body: new Uint8Array(1024 * 1024) });
    const { frames } = decode(cut(stream, [1]));
    expect(frames.map((frame) => frame.body.length)).toEqual([1024 * 1024]);
    // Joining the waiting bytes for every chunk would copy 550 GB.
  });

  test('streams made to look like heads everywhere cost linear time', () => {
    for (const unit of ['44', '4449', '44494d', '44494d44', '44494d6a', '44494d2200000000']) {
      const bytes = decodeHex(unit.repeat(Math.floor((512 * 1024 * 2) / unit.length)));
      decode(cut(bytes, [1460]));
    }
  });

  test('skips endless garbage without keeping it', () => {
    const decoder = new MtpDecoder();
    for (let i = 0; i < 100; i++) decoder.push(new Uint8Array(10_000).fill(0x49));
    expect([decoder.waitingBytes, decoder.skippedBytes]).toEqual([0, 1_000_000]);
  });
});

test('a head of 8 bytes has no id, and is written again as one', () => {
  const bytes = decodeHex('44494d22000000077b2278223a327d');
  const [frame] = new MtpDecoder().push(bytes);
  expect(frame?.id).toEqual(new Uint8Array(8));
  expect(encodeHex(encodeFrame(frame as MtpFrame))).toBe(encodeHex(bytes));
});
