import { concatBytes, type ErrorCode, isProtocolError } from '@dimp/foundation';
import fc from 'fast-check';
import type { MtpFrame, MtpFrameType } from '../src/mtp.ts';

/** The code of the error that `action` throws; `'none'` when it throws none. */
export function codeOf(action: () => unknown): ErrorCode | 'none' {
  try {
    action();
    return 'none';
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
}

/** A transaction id that ends in the given byte. */
export function idOf(byte: number): Uint8Array {
  return Uint8Array.of(1, 0, 0, 0, 0, 0, 0, byte);
}

/** A fragment with a short id. */
export function fragment(id: number, pages: number, index: number, body: Uint8Array): MtpFrame {
  return { type: 'fragment', id: idOf(id), pages, index, body };
}

const types: readonly MtpFrameType[] = [
  'command',
  'command-response',
  'message',
  'message-response',
  'fragment',
];

/** Any package that can be written. */
export const anyFrame: fc.Arbitrary<MtpFrame> = fc
  .record({
    type: fc.constantFrom(...types),
    id: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    pages: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2_097_152 })),
    place: fc.nat(),
    body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(concatBytes())),
  })
  .map(({ place, ...frame }) => ({ ...frame, index: place % frame.pages }));

/** Bytes that hit the magic word and valid heads far more often than random ones. */
export const hostileBytes: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom([0x44], [0x44, 0x49], [0x44, 0x49, 0x4d], [0, 0, 0, 1], [0, 0, 0, 0]),
      fc.nat(255).map((byte) => [0x44, 0x49, 0x4d, byte]),
    ),
    { maxLength: 60 },
  )
  .map((parts) => concatBytes(...parts.map((part) => Uint8Array.from(part))));

/** Cuts bytes into chunks of the given sizes, used round and round; sizes may be zero. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return chunks;
}

/** Sizes for {@link cut}, of which at least one is above zero. */
export const chunkSizes: fc.Arbitrary<number[]> = fc
  .array(fc.nat(40), { minLength: 1, maxLength: 8 })
  .map((sizes) => [...sizes, 1 + ((sizes[0] ?? 0) % 30)]);
