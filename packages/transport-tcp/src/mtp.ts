/**
 * MTP, the framing of DIM on TCP (spec §12.2–12.3): heads, streams, fragments, automatic answers.
 *
 * Nothing here opens a socket or knows a platform, so it serves a client, a station and a test alike.
 *
 * @module
 */
export { MtpDecoder, type MtpDecoderOptions } from './mtp/decoder.ts';
export { encodeFrame } from './mtp/encode.ts';
export { FragmentAssembler, type FragmentAssemblerOptions } from './mtp/fragments.ts';
export {
  hasTransactionId,
  MAX_BODY_BYTES,
  MAX_PAGES,
  type MtpFrame,
  type MtpFrameInit,
  type MtpFrameType,
} from './mtp/frame.ts';
export { automaticReply } from './mtp/reply.ts';
export { TransactionIds } from './mtp/transaction-ids.ts';
