import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';
import {
  BLOCK_TERMS,
  type DictionaryEntry,
  readDictionaryBlock,
  writeDictionaryBlock,
} from './dictionary.ts';
import {
  BLOCK_DOCUMENTS,
  type IndexedDocument,
  readDocumentBlock,
  writeDocumentBlock,
} from './documents.ts';
import { type PostingPlace, PostingWriter, readPostings } from './postings.ts';
import type { Slices } from './slices.ts';

/** What is known of a segment without reading its blocks. */
export interface SegmentHead {
  readonly id: string;
  /** How many documents it has; their numbers ascend with their stamps. */
  readonly count: number;
  /** Greatest stamp. */
  readonly newest: number;
  /** First term of each dictionary block. */
  readonly firstTerms: readonly string[];
  /** Stamp of the first document of each block of documents. */
  readonly firstStamps: readonly number[];
  readonly postingBlocks: number;
}

/** A term with the ascending numbers of the documents that have it. */
export type TermNumbers = readonly [term: string, numbers: readonly number[]];

/** Where a segment's records are, below the index. */
const HEAD = 's';
const DICTIONARY = 'd';
const POSTINGS = 'p';
const DOCUMENTS = 'n';
const UNFINISHED = 'w';
/** Areas of blocks. */
const BLOCKS: readonly string[] = [DICTIONARY, POSTINGS, DOCUMENTS];

/** Writes a segment. Blocks may be stored at once: without the head, they belong to no segment. */
export class SegmentWriter {
  readonly #id: string;
  readonly #postings: PostingWriter;
  readonly #firstTerms: string[] = [];
  readonly #firstStamps: number[] = [];
  #count = 0;
  #newest = 0;
  #documents: IndexedDocument[] = [];
  #entries: DictionaryEntry[] = [];
  #blocks: StoreChange[] = [];

  constructor(id: string) {
    this.#id = id;
    this.#postings = new PostingWriter((block, value) => this.#push(POSTINGS, block, value));
  }

  /** Adds a document; they come in ascending order. @returns its number */
  addDocument(document: IndexedDocument): number {
    if (this.#documents.length === BLOCK_DOCUMENTS) this.#closeDocuments();
    this.#documents.push(document);
    this.#newest = document.stamp;
    this.#count += 1;
    return this.#count - 1;
  }

  /** Adds a term; they come in ascending order. @param numbers - not empty */
  async addTerm([term, numbers]: TermNumbers, slices: Slices): Promise<void> {
    this.#entries.push({ term, place: await this.#postings.add(numbers, slices) });
    if (this.#entries.length === BLOCK_TERMS) this.#closeDictionary();
  }

  /** Blocks that are complete; each is returned once. */
  takeBlocks(): readonly StoreChange[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    return blocks;
  }

  /** The rest of the blocks, the record of the segment, and its head. */
  finish(): { readonly changes: readonly StoreChange[]; readonly head: SegmentHead } {
    if (this.#documents.length > 0) this.#closeDocuments();
    if (this.#entries.length > 0) this.#closeDictionary();
    const head: SegmentHead = {
      id: this.#id,
      count: this.#count,
      newest: this.#newest,
      postingBlocks: this.#postings.finish(),
      firstTerms: this.#firstTerms,
      firstStamps: this.#firstStamps,
    };
    const record: StoreChange = { type: 'set', key: headKey(this.#id), value: writeHead(head) };
    return { changes: [...this.takeBlocks(), record], head };
  }

  #closeDocuments(): void {
    const [first] = this.#documents as [IndexedDocument];
    this.#push(DOCUMENTS, this.#firstStamps.length, writeDocumentBlock(this.#documents));
    this.#firstStamps.push(first.stamp);
    this.#documents = [];
  }

  #closeDictionary(): void {
    const [first] = this.#entries as [DictionaryEntry];
    this.#push(DICTIONARY, this.#firstTerms.length, writeDictionaryBlock(this.#entries));
    this.#firstTerms.push(first.term);
    this.#entries = [];
  }

  #push(kind: string, block: number, value: Uint8Array): void {
    this.#blocks.push({ type: 'set', key: blockKey(kind, this.#id, block), value });
  }
}

/** Reads a stored segment. */
export class Segment {
  readonly head: SegmentHead;
  readonly #store: Pick<Store, 'get'>;

  constructor(store: Pick<Store, 'get'>, head: SegmentHead) {
    this.#store = store;
    this.head = head;
  }

  /** All segments of an index. @throws `store/corrupt` */
  static async all(store: Pick<Store, 'list' | 'get'>): Promise<Segment[]> {
    const segments: Segment[] = [];
    for await (const [[, id], value] of store.list([HEAD])) {
      if (id === undefined) throw corruptIndex();
      segments.push(new Segment(store, readHead(id, value)));
    }
    return segments;
  }

  async find(term: string): Promise<PostingPlace | undefined> {
    const block = lastAtMost(this.head.firstTerms, term);
    if (block < 0) return undefined;
    return (await this.#dictionary(block)).find((entry) => entry.term === term)?.place;
  }

  /** Terms that begin so, in ascending order. */
  async *withPrefix(prefix: string): AsyncGenerator<DictionaryEntry> {
    const { firstTerms } = this.head;
    for (let at = Math.max(0, lastAtMost(firstTerms, prefix)); at < firstTerms.length; at++) {
      for (const entry of await this.#dictionary(at)) {
        if (entry.term.startsWith(prefix)) yield entry;
        else if (entry.term > prefix) return;
      }
    }
  }

  /** All terms, in ascending order. */
  async *entries(): AsyncGenerator<DictionaryEntry> {
    for (const block of this.head.firstTerms.keys()) yield* await this.#dictionary(block);
  }

  /**
   * The numbers of one block of a list, ascending.
   *
   * @param at - which block of the list, 0 for the one with the oldest messages
   * @throws `store/corrupt`
   */
  async numbers(place: PostingPlace, at: number): Promise<readonly number[]> {
    const block = await this.#read(POSTINGS, place.block + at);
    const bytes =
      place.blocks > 1 ? block : block.subarray(place.offset, place.offset + place.bytes);
    if (bytes.length === 0) throw corruptIndex();
    return readPostings(bytes, this.head.count);
  }

  /** The documents of a block. @throws `store/corrupt` */
  async documents(block: number): Promise<readonly IndexedDocument[]> {
    const documents = readDocumentBlock(await this.#read(DOCUMENTS, block));
    const expected = Math.min(BLOCK_DOCUMENTS, this.head.count - block * BLOCK_DOCUMENTS);
    if (documents.length !== expected) throw corruptIndex();
    return documents;
  }

  /** The greatest number whose document may have a stamp of at most this one; −1 if there is none. */
  numberAtMost(stamp: number): number {
    const block = lastAtMost(this.head.firstStamps, stamp);
    return block < 0 ? -1 : Math.min((block + 1) * BLOCK_DOCUMENTS, this.head.count) - 1;
  }

  /** The number of a document, or undefined if it is not in this segment. */
  async numberOf(document: Pick<IndexedDocument, 'stamp' | 'ref'>): Promise<number | undefined> {
    const { firstStamps, newest } = this.head;
    if (document.stamp > newest) return undefined;
    for (let block = lastAtMost(firstStamps, document.stamp); block >= 0; block--) {
      const documents = await this.documents(block);
      const at = documents.findIndex(
        ({ stamp, ref }) => stamp === document.stamp && ref === document.ref,
      );
      if (at >= 0) return block * BLOCK_DOCUMENTS + at;
      // Documents of one stamp may begin in the block before.
      if ((firstStamps[block] as number) < document.stamp) return undefined;
    }
    return undefined;
  }

  /** Changes that remove the segment. */
  removal(): readonly StoreChange[] {
    const { id, firstTerms, firstStamps, postingBlocks } = this.head;
    const blocks = (kind: string, count: number): StoreKey[] =>
      Array.from({ length: count }, (_, block) => blockKey(kind, id, block));
    const keys = [
      headKey(id),
      ...blocks(DICTIONARY, firstTerms.length),
      ...blocks(POSTINGS, postingBlocks),
      ...blocks(DOCUMENTS, firstStamps.length),
    ];
    return keys.map((key) => ({ type: 'delete', key }));
  }

  async #dictionary(block: number): Promise<readonly DictionaryEntry[]> {
    const entries = readDictionaryBlock(await this.#read(DICTIONARY, block));
    const { count } = this.head;
    if (entries.some(({ place: { only = 0 } }) => only >= count)) throw corruptIndex();
    return entries;
  }

  async #read(kind: string, block: number): Promise<Uint8Array> {
    const bytes = await this.#store.get(blockKey(kind, this.head.id, block));
    if (bytes === undefined) throw corruptIndex();
    return bytes;
  }
}

/** Marks a segment whose writing has begun, so that its blocks are found if it is interrupted. */
export function unfinishedKey(id: string): StoreKey {
  return [UNFINISHED, id];
}

/** Removes the blocks of segments whose writing was interrupted. */
export async function removeUnfinished(store: Store): Promise<void> {
  for await (const [key] of store.list([UNFINISHED])) {
    const [, id = ''] = key;
    const changes: StoreChange[] = [{ type: 'delete', key }];
    for (const kind of BLOCKS) {
      for await (const [block] of store.list([kind, id])) {
        changes.push({ type: 'delete', key: block });
      }
    }
    await store.batch(changes);
  }
}

/** Index of the last element of an ascending list that is not above a value; −1 if there is none. */
function lastAtMost<T extends string | number>(list: readonly T[], value: T): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as T) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function headKey(id: string): StoreKey {
  return [HEAD, id];
}

function blockKey(kind: string, id: string, block: number): StoreKey {
  return [kind, id, String(block)];
}

function writeHead({
  count,
  newest,
  firstTerms,
  firstStamps,
  postingBlocks,
}: SegmentHead): Uint8Array {
  const writer = new ByteWriter().varint(count).varint(newest).varint(postingBlocks);
  let before = 0;
  for (const stamp of firstStamps) {
    writer.varint(stamp - before);
    before = stamp;
  }
  for (const term of firstTerms) writer.text(term);
  return writer.finish();
}

function readHead(id: string, bytes: Uint8Array): SegmentHead {
  const reader = new ByteReader(bytes);
  const [count, newest, postingBlocks] = [reader.varint(), reader.varint(), reader.varint()];
  const firstStamps: number[] = [];
  let stamp = 0;
  for (let block = 0; block * BLOCK_DOCUMENTS < count; block++) {
    stamp += reader.varint();
    firstStamps.push(stamp);
  }
  const firstTerms: string[] = [];
  while (!reader.done) firstTerms.push(reader.text());
  if (count === 0) throw corruptIndex();
  return { id, count, newest, firstTerms, firstStamps, postingBlocks };
}
