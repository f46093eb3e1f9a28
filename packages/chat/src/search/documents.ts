import { decodeBase64, encodeBase64Url } from '@dimp/foundation';
import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';

/** Documents of a block. */
export const BLOCK_DOCUMENTS = 256;
/** Bytes of a ref: 22 characters of six bits. */
const REF_BYTES = 17;
const REF_CHARACTERS = 22;

/** A message in the index. */
export interface IndexedDocument {
  /** Place in the order of messages, in milliseconds since the epoch. */
  readonly stamp: number;
  /** Number of its conversation. */
  readonly conversation: number;
  /** Name of the message, 22 characters of Base64url. */
  readonly ref: string;
}

/** Order of documents in a segment: by stamp. */
export function compareDocuments(a: IndexedDocument, b: IndexedDocument): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  return a.ref === b.ref ? a.conversation - b.conversation : a.ref < b.ref ? -1 : 1;
}

/** Writes a block of documents, in ascending order. */
export function writeDocumentBlock(documents: readonly IndexedDocument[]): Uint8Array {
  const writer = new ByteWriter();
  let before = 0;
  for (const { stamp, conversation, ref } of documents) {
    writer
      .varint(stamp - before)
      .varint(conversation)
      .bytes(packRef(ref));
    before = stamp;
  }
  return writer.finish();
}

/**
 * Reads a block of documents.
 *
 * @throws `store/corrupt`
 */
export function readDocumentBlock(bytes: Uint8Array): readonly IndexedDocument[] {
  const reader = new ByteReader(bytes);
  const documents: IndexedDocument[] = [];
  let stamp = 0;
  while (!reader.done) {
    if (documents.length === BLOCK_DOCUMENTS) throw corruptIndex();
    stamp += reader.varint();
    const conversation = reader.varint();
    const ref = encodeBase64Url(reader.bytes(REF_BYTES)).slice(0, REF_CHARACTERS);
    documents.push({ stamp, conversation, ref });
  }
  return documents;
}

/** Each character has six bits, so two more fill the last group. */
function packRef(ref: string): Uint8Array {
  const text = `${ref.replaceAll('-', '+').replaceAll('_', '/')}AA`;
  return decodeBase64(text).subarray(0, REF_BYTES);
}
