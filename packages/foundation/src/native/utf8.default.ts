/**
 * UTF-8 to text, strictly.
 *
 * @throws any error for bytes that are no UTF-8.
 */
export type NativeUtf8Decode = (bytes: Uint8Array) => string;

const decoder: TextDecoder = /* @__PURE__ */ new TextDecoder('utf-8', {
  fatal: true,
  ignoreBOM: true,
});

/** What browsers have; they take the short way for ASCII by themselves. */
export const native: NativeUtf8Decode = (bytes) => decoder.decode(bytes);
