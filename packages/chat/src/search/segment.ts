import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';
import {
  BLOCK_TERMS,
  type DictionaryEntry,
  readDictionaryBlock,
  writeDictionaryBlock,
} from './dictionary.ts';
import { type PostingPlace, PostingWriter, readPostings } from './postings.ts';

/** What is known of a segment without reading its blocks. */
export interface SegmentHead {
  readonly id: string;
  /** Numbers of its messages: from this one … */
  readonly from: number;
  /** … up to but without this one. */
  readonly to: number;
  /** First term of each dictionary block. */
  readonly firstTerms: readonly string[];
  readonly postingBlocks: number;
}

/** A term with the ascending numbers of the messages that have it. */
export type TermNumbers = readonly [term: string, numbers: readonly number[]];

/** Where a segment's records are, below the index. */
const HEAD = 's';
const DICTIONARY = 'd';
const POSTINGS = 'p';

/** Writes a segment term by term. Blocks may be stored at once: without the head, they belong to no segment. */
export class SegmentWriter {
  readonly #id: string;
  readonly #range: { readonly from: number; readonly to: number };
  readonly #postings: PostingWriter;
  readonly #firstTerms: string[] = [];
  #entries: DictionaryEntry[] = [];
  #blocks: StoreChange[] = [];

  constructor(head: Pick<SegmentHead, 'id' | 'from' | 'to'>) {
    this.#id = head.id;
    this.#range = { from: head.from, to: head.to };
    this.#postings = new PostingWriter(head.from, (block, value) => {
      this.#blocks.push({ type: 'set', key: blockKey(POSTINGS, this.#id, block), value });
    });
  }

  /** @param numbers - not empty; terms come in ascending order */
  add([term, numbers]: TermNumbers): void {
    this.#entries.push({ term, place: this.#postings.add(numbers) });
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
    if (this.#entries.length > 0) this.#closeDictionary();
    const head: SegmentHead = {
      id: this.#id,
      ...this.#range,
      postingBlocks: this.#postings.finish(),
      firstTerms: this.#firstTerms,
    };
    const record: StoreChange = { type: 'set', key: headKey(this.#id), value: writeHead(head) };
    return { changes: [...this.takeBlocks(), record], head };
  }

  #closeDictionary(): void {
    const [first] = this.#entries as [DictionaryEntry];
    const key = blockKey(DICTIONARY, this.#id, this.#firstTerms.length);
    this.#firstTerms.push(first.term);
    this.#blocks.push({ type: 'set', key, value: writeDictionaryBlock(this.#entries) });
    this.#entries = [];
  }
}

/** Reads the terms and lists of a stored segment. */
export class Segment {
  readonly head: SegmentHead;
  readonly #store: Store;

  constructor(store: Store, head: SegmentHead) {
    this.#store = store;
    this.head = head;
  }

  /** All segments of an index, the oldest messages first. */
  static async all(store: Store): Promise<Segment[]> {
    const segments: Segment[] = [];
    for await (const [[, id], value] of store.list([HEAD])) {
      if (id === undefined) throw corruptIndex();
      segments.push(new Segment(store, readHead(id, value)));
    }
    return segments.sort((a, b) => a.head.from - b.head.from);
  }

  async find(term: string): Promise<PostingPlace | undefined> {
    const block = this.#blockOf(term);
    if (block < 0) return undefined;
    return (await this.#dictionary(block)).find((entry) => entry.term === term)?.place;
  }

  /** Terms that begin so, in ascending order. */
  async *withPrefix(prefix: string): AsyncGenerator<DictionaryEntry> {
    for (let at = Math.max(0, this.#blockOf(prefix)); at < this.head.firstTerms.length; at++) {
      for (const entry of await this.#dictionary(at)) {
        if (entry.term.startsWith(prefix)) yield entry;
        else if (entry.term > prefix) return;
      }
    }
  }

  /** All terms with their numbers, in ascending order. */
  async *terms(): AsyncGenerator<TermNumbers> {
    for (const block of this.head.firstTerms.keys()) {
      for (const { term, place } of await this.#dictionary(block)) {
        const numbers: number[] = [];
        for (let at = 0; at < place.blocks; at++) {
          for (const number of await this.numbers(place, at)) numbers.push(number);
        }
        yield [term, numbers];
      }
    }
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
    return readPostings(bytes, this.head);
  }

  /** Changes that remove the segment. */
  removal(): readonly StoreChange[] {
    const { id, firstTerms, postingBlocks } = this.head;
    const keys: StoreKey[] = [
      headKey(id),
      ...firstTerms.map((_, block) => blockKey(DICTIONARY, id, block)),
      ...Array.from({ length: postingBlocks }, (_, block) => blockKey(POSTINGS, id, block)),
    ];
    return keys.map((key) => ({ type: 'delete', key }));
  }

  /** The last dictionary block whose first term is not above this one; −1 if there is none. */
  #blockOf(term: string): number {
    const { firstTerms } = this.head;
    let [low, high] = [0, firstTerms.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((firstTerms[middle] as string) <= term) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  async #dictionary(block: number): Promise<readonly DictionaryEntry[]> {
    return readDictionaryBlock(await this.#read(DICTIONARY, block));
  }

  async #read(kind: string, block: number): Promise<Uint8Array> {
    const bytes = await this.#store.get(blockKey(kind, this.head.id, block));
    if (bytes === undefined) throw corruptIndex();
    return bytes;
  }
}

/** Blocks of segments whose head was never written: a merge was interrupted. */
export async function strayBlocks(
  store: Store,
  segments: readonly Segment[],
): Promise<readonly StoreChange[]> {
  const known = new Set(segments.map(({ head }) => head.id));
  const stray: StoreChange[] = [];
  for (const kind of [DICTIONARY, POSTINGS]) {
    for await (const [key] of store.list([kind])) {
      if (!known.has(key[1] as string)) stray.push({ type: 'delete', key });
    }
  }
  return stray;
}

function headKey(id: string): StoreKey {
  return [HEAD, id];
}

function blockKey(kind: string, id: string, block: number): StoreKey {
  return [kind, id, String(block)];
}

function writeHead({ from, to, firstTerms, postingBlocks }: SegmentHead): Uint8Array {
  const writer = new ByteWriter().varint(from).varint(to).varint(postingBlocks);
  for (const term of firstTerms) writer.text(term);
  return writer.finish();
}

function readHead(id: string, bytes: Uint8Array): SegmentHead {
  const reader = new ByteReader(bytes);
  const from = reader.varint();
  const to = reader.varint();
  const postingBlocks = reader.varint();
  const firstTerms: string[] = [];
  while (!reader.done) firstTerms.push(reader.text());
  if (to < from) throw corruptIndex();
  return { id, from, to, firstTerms, postingBlocks };
}
