import { ProtocolError } from '@dimp/foundation';

/** Decrypts a file frame by frame, in order. */
export interface FrameOpener {
  /** Length in bytes of each encrypted frame except the last. */
  readonly frame: number;
  /** Length in bytes of the encrypted file, if the length of the file is known. */
  readonly sealedSize?: number;
  /**
   * @param index - of the frame; the same one may come again, but none is skipped
   * @throws `crypto/decrypt`
   */
  open(piece: Uint8Array, index: number, last: boolean): Promise<Uint8Array>;
}

/** @throws `crypto/unavailable` in pages that were not loaded over https */
export function subtle(): SubtleCrypto {
  const platform: SubtleCrypto | undefined = crypto.subtle;
  if (platform === undefined) {
    throw new ProtocolError('crypto/unavailable', 'files need WebCrypto; load the page over https');
  }
  return platform;
}

/** Reads a part of a file. */
export async function slice(
  file: Blob,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch (cause) {
    throw new ProtocolError('store/unavailable', 'the file can no longer be read', { cause });
  }
}

/** The only error for a file that does not decrypt (spec §14.2 #21). */
export function damaged(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError(
    'crypto/decrypt',
    'the file is damaged, or is not the one that was sent',
  );
}
