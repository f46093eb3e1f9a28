/**
 * Decodes UTF-8 strictly.
 *
 * @throws any error for bytes that are not UTF-8
 */
export type NativeUtf8Decode = (bytes: Uint8Array) => string;

/** Created on first use, because some test environments have no `TextDecoder`. */
let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decoder.decode(bytes);
}

/** The decoder of browsers, which has its own fast path for ASCII. */
export const native: NativeUtf8Decode = decode;
