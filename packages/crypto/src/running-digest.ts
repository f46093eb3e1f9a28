/** A digest of bytes that come one after the other, such as those of a file. */
export interface RunningDigest {
  update(bytes: Uint8Array): unknown;
  /** Ends it; call it once. */
  digest(): Uint8Array;
}
