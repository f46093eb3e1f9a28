/**
 * UTF-8 to text, strictly.
 *
 * @throws any error for bytes that are no UTF-8.
 */
export type NativeUtf8Decode = (bytes: Uint8Array) => string;

/** Made when it is needed: some surroundings of tests have none, and need none to load this. */
let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decoder.decode(bytes);
}

/** What browsers have; they take the short way for ASCII by themselves. */
export const native: NativeUtf8Decode = decode;
