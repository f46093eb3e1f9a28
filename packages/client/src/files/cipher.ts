import { ProtocolError } from '@dimp/foundation';

/** Opens an encrypted file piece by piece, in their order. */
export interface FrameOpener {
  /** Length in bytes of each encrypted piece but the last. */
  readonly frame: number;
  /** Length in bytes of the encrypted file, if it can be told from the length of the file. */
  readonly sealedSize?: number;
  /**
   * @param index - of the piece; the same one may come again, none is left out
   * @throws `crypto/decrypt`
   */
  open(piece: Uint8Array, index: number, last: boolean): Promise<Uint8Array>;
}

/** @throws `crypto/unavailable` in pages that were not loaded over https */
export function subtle(): SubtleCrypto {
  const platform: SubtleCrypto | undefined = crypto.subtle;
  if (platform === undefined) {
    throw new ProtocolError(
      'crypto/unavailable',
      'files need WebCrypto, which only secure pages have',
    );
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
    throw new ProtocolError('store/unavailable', 'file can no longer be read', { cause });
  }
}

/** One error for whatever does not open (spec §14.2 #21). */
export function damaged(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'file is damaged, or not the one that was sent');
}
