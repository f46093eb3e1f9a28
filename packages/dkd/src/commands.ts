/**
 * The commands of the protocol itself (spec §9.2, §9.4–9.6), which every endpoint processes: receipt, handshake, meta and
 * documents, and the containers array and forward. Also helpers for authors of further commands.
 *
 * @module
 */
export { DocumentsCommand, type DocumentsCommandBody } from './commands/documents.ts';
export {
  Handshake,
  type HandshakeBody,
  type HandshakeState,
  handshakeAgain,
  handshakeStart,
  handshakeSuccess,
} from './commands/handshake.ts';
export { requireHistory } from './commands/history.ts';
export { commandNamed } from './commands/match.ts';
export { MetaCommand, type MetaCommandBody } from './commands/meta.ts';
export {
  Receipt,
  type ReceiptBody,
  type ReceiptOptions,
  type ReceiptOrigin,
  receiptFor,
} from './commands/receipt.ts';
export { type ArrayBody, ArrayContent, MAX_ARRAY_CONTENTS } from './contents/array.ts';
export { Forward, type ForwardBody } from './contents/forward.ts';
