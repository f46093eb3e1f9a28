import { arrayCursor, type Cursor, intersection, unionCursor } from './cursor.ts';
import { compareDocuments, type IndexedDocument } from './documents.ts';
import type { TermQuery } from './query.ts';
import type { TermNumbers } from './segment.ts';
import type { Slices } from './slices.ts';

/** Terms between two looks at the clock. */
const TERMS_BETWEEN = 256;

/** Documents that are not in a segment yet. */
export class IndexBuffer {
  readonly #documents: IndexedDocument[] = [];
  /** By ref. */
  readonly #numbers = new Map<string, number[]>();
  readonly #deleted = new Set<number>();
  readonly #terms = new Map<string, number[]>();

  /** How many documents were added. */
  get size(): number {
    return this.#documents.length;
  }

  /** How many of them are not deleted. */
  get left(): number {
    return this.#documents.length - this.#deleted.size;
  }

  add(document: IndexedDocument, terms: Iterable<string>): void {
    const number = this.#documents.length;
    this.#documents.push(document);
    this.#numbers.set(document.ref, [...(this.#numbers.get(document.ref) ?? []), number]);
    for (const term of new Set(terms)) {
      const numbers = this.#terms.get(term);
      if (numbers === undefined) this.#terms.set(term, [number]);
      else numbers.push(number);
    }
  }

  /** Deletes a message if it is here. */
  delete({ stamp, ref }: Pick<IndexedDocument, 'stamp' | 'ref'>): void {
    for (const number of this.#numbers.get(ref) ?? []) {
      if (this.#documents[number]?.stamp === stamp) this.#deleted.add(number);
    }
  }

  /** Documents that have all terms of a query, the newest first. */
  async matches({ terms, prefix, anyOf = [] }: TermQuery): Promise<readonly IndexedDocument[]> {
    const cursorOf = (term: string): Cursor => arrayCursor(this.#terms.get(term) ?? []);
    const cursors = [
      ...terms.map(cursorOf),
      ...anyOf.map((any) => unionCursor(any.map(cursorOf))),
      ...(prefix === undefined ? [] : [this.#withPrefix(prefix)]),
    ];
    const found: IndexedDocument[] = [];
    for await (const number of intersection(cursors, this.#documents.length - 1)) {
      if (!this.#deleted.has(number)) found.push(this.#documents[number] as IndexedDocument);
    }
    return found.sort((a, b) => compareDocuments(b, a));
  }

  /** The documents that are left, in ascending order, with their terms in ascending order. */
  async sorted(slices: Slices): Promise<{
    readonly documents: readonly IndexedDocument[];
    readonly terms: readonly TermNumbers[];
  }> {
    const order = [...this.#documents.keys()]
      .filter((number) => !this.#deleted.has(number))
      .sort((a, b) =>
        compareDocuments(
          this.#documents[a] as IndexedDocument,
          this.#documents[b] as IndexedDocument,
        ),
      );
    const renumbered = new Int32Array(this.#documents.length).fill(-1);
    for (const [at, number] of order.entries()) renumbered[number] = at;
    await slices.check();
    const terms: TermNumbers[] = [];
    for (const term of [...this.#terms.keys()].sort()) {
      const numbers: number[] = [];
      for (const number of this.#terms.get(term) ?? []) {
        const at = renumbered[number] as number;
        if (at >= 0) numbers.push(at);
      }
      if (numbers.length > 1) numbers.sort((a, b) => a - b);
      if (numbers.length > 0) terms.push([term, numbers]);
      if (terms.length % TERMS_BETWEEN === 0) await slices.check();
    }
    return { documents: order.map((at) => this.#documents[at] as IndexedDocument), terms };
  }

  #withPrefix(prefix: string): Cursor {
    const expanded = [...this.#terms].filter(([term]) => term.startsWith(prefix));
    return unionCursor(expanded.map(([, numbers]) => arrayCursor(numbers)));
  }
}
