import { Buffer, isAscii } from 'node:buffer';
import type { NativeUtf8Decode } from './utf8.default.ts';

/** Created on first use, because some test environments have no `TextDecoder`. */
let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decoder.decode(bytes);
}

/** Most messages are ASCII, which Node copies several times faster than it decodes UTF-8. */
export const native: NativeUtf8Decode = (bytes) =>
  isAscii(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    : decode(bytes);
