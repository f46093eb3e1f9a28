import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';
import { onlyNumber, type PostingPlace } from './postings.ts';

/** Terms of a dictionary block. */
export const BLOCK_TERMS = 128;

/** A term of a segment, and where its numbers are. */
export interface DictionaryEntry {
  readonly term: string;
  readonly place: PostingPlace;
}

/**
 * Writes the terms of a block, in ascending order of UTF-16 units. A term repeats nothing of the one before it but the length
 * of what they share.
 */
export function writeDictionaryBlock(entries: readonly DictionaryEntry[]): Uint8Array {
  const writer = new ByteWriter();
  let before = '';
  let block = 0;
  for (const { term, place } of entries) {
    const shared = sharedLength(before, term);
    writer.varint(shared).text(term.slice(shared));
    writer.varint(place.count);
    if (place.only !== undefined) writer.varint(place.only);
    else {
      writer.varint(place.block - block).varint(place.offset);
      writer.varint(place.bytes).varint(place.blocks);
      block = place.block;
    }
    before = term;
  }
  return writer.finish();
}

/**
 * Reads a block of terms.
 *
 * @throws `store/corrupt` for bytes that are not a block, or terms that do not ascend
 */
export function readDictionaryBlock(bytes: Uint8Array): DictionaryEntry[] {
  const reader = new ByteReader(bytes);
  const entries: DictionaryEntry[] = [];
  let before = '';
  let block = 0;
  while (!reader.done) {
    const shared = reader.varint();
    if (shared > before.length || entries.length === BLOCK_TERMS) throw corruptIndex();
    const term = before.slice(0, shared) + reader.text();
    if (term <= before) throw corruptIndex();
    const count = reader.varint();
    if (count === 1) entries.push({ term, place: onlyNumber(reader.varint()) });
    else {
      block += reader.varint();
      const [offset, bytes, blocks] = [reader.varint(), reader.varint(), reader.varint()];
      entries.push({ term, place: { count, block, offset, bytes, blocks } });
    }
    before = term;
  }
  return entries;
}

/** Shared UTF-16 units; never half of a surrogate pair, because the rest is written as UTF-8. */
function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  const last = b.charCodeAt(length - 1);
  return length > 0 && last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}
