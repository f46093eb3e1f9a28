/** An entry of {@link LocalBlobs}. */
export interface LocalBlob {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written or read last, as far as the platform tells, in milliseconds since the epoch. */
  readonly used: number;
}

/** A place on this device for the bytes of files. Names are 64 hex digits. */
export interface LocalBlobs {
  /** Returns the bytes of an entry; undefined if there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes an entry as a whole: a crash leaves nothing of it. */
  write(name: string, bytes: readonly Uint8Array[]): Promise<void>;
  delete(name: string): Promise<void>;
  list(): Promise<readonly LocalBlob[]>;
}
