/** A digest of bytes that arrive in parts, such as those of a file. */
export interface RunningDigest {
  update(bytes: Uint8Array): unknown;
  /** Finishes the digest; call it once. */
  digest(): Uint8Array;
}
