/**
 * Type of a package (spec §12.2). A fragment is one page of a payload that was split for datagrams. Its answer is a
 * message response with the same pages and index.
 */
export type MtpFrameType =
  | 'command'
  | 'command-response'
  | 'message'
  | 'message-response'
  | 'fragment';

/** One MTP package as it was received. */
export interface MtpFrame {
  readonly type: MtpFrameType;
  /** Transaction id, 8 bytes; all zero means none. */
  readonly id: Uint8Array;
  /** Number of fragments of the payload, 1 to 2,097,152. */
  readonly pages: number;
  /** Index of this fragment, 0 to `pages - 1`. */
  readonly index: number;
  readonly body: Uint8Array;
}

/** An MTP package to be sent; without `pages` and `index` it is the only page. */
export interface MtpFrameInit extends Omit<MtpFrame, 'pages' | 'index'> {
  readonly pages?: number;
  readonly index?: number;
}

/** Bytes of a transaction id. */
export const ID_BYTES = 8;
/** Most fragments of one payload (spec §12.2). */
export const MAX_PAGES = 2_097_152;
/** Longest body that the format allows, in bytes (spec §12.2); readers accept far less. */
export const MAX_BODY_BYTES: number = 2 ** 30;

/** `DIM` in ASCII, the first three bytes of every head. */
export const MAGIC: readonly [number, number, number] = [0x44, 0x49, 0x4d];

/** Low nibble of the fourth byte. */
export const TYPE_CODES: Readonly<Record<MtpFrameType, number>> = {
  command: 0x0,
  'command-response': 0x1,
  message: 0x2,
  'message-response': 0x3,
  fragment: 0xa,
};

/** Whether a package has a transaction id: all zero means none (spec §12.2). */
export function hasTransactionId(frame: Pick<MtpFrame, 'id'>): boolean {
  const { id } = frame;
  for (let i = 0; i < id.length; i++) if (id[i] !== 0) return true;
  return false;
}
