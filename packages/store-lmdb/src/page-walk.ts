import {
  damaged,
  type Meta,
  PAGE_HEADER,
  readTree,
  readUint64,
  TREE_BYTES,
  type Tree,
} from './meta-page.ts';

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Flags of an entry: the value is on overflow pages; the value describes a tree; there are several values. */
const BIG_VALUE = 0x01;
const SUB_TREE = 0x02;
const SEVERAL = 0x04;
const NODE_HEADER = 8;
const BIG_BYTES = 24;
/** Pages 0 and 1 are the meta pages, which are not part of a tree. */
const FIRST_PAGE = 2;
/** LMDB's own limit. */
const MAX_DEPTH = 32;

/** Reads bytes of the data file; fewer if the file ends. */
export type ReadBytes = (position: number, length: number) => DataView;

/**
 * Walks all pages in use and checks everything that LMDB trusts when it follows them: a wrong number there crashes the
 * process. Values are not checked. Yields after each page, so that the caller can pause.
 *
 * @param pages - number of pages in the file
 * @throws `store/corrupt`
 */
export function* walkPages(meta: Meta, pages: number, read: ReadBytes): Generator<void> {
  const walk = new PageWalk(meta, pages, read);
  yield* walk.tree(meta.free, false);
  yield* walk.tree(meta.main, true);
}

class PageWalk {
  readonly #meta: Meta;
  readonly #end: number;
  readonly #read: ReadBytes;
  readonly #seen = new Set<number>();

  constructor(meta: Meta, pages: number, read: ReadBytes) {
    this.#meta = meta;
    this.#end = Math.min(pages, meta.lastPage + 1);
    this.#read = read;
  }

  /** @param named - whether entries of the tree may be trees */
  *tree(tree: Tree, named: boolean): Generator<void> {
    const found = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    if (tree.depth > MAX_DEPTH) throw damaged('a tree is too deep');
    const waiting: (readonly [page: number, depth: number])[] = [];
    if (tree.root !== undefined) waiting.push([tree.root, 1]);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [number, depth] = next;
      yield;
      const page = this.#page(number, depth === tree.depth ? LEAF : BRANCH);
      if (depth < tree.depth) {
        found.branchPages += 1;
        for (const at of page.nodes) waiting.push([childOf(page.view, at), depth + 1]);
        continue;
      }
      found.leafPages += 1;
      found.entries += page.nodes.length;
      for (const at of page.nodes) {
        const sub = this.#leafNode(page.view, at, named);
        if (typeof sub === 'number') found.overflowPages += sub;
        else if (sub !== undefined) yield* this.tree(sub, false);
      }
    }
    for (const name of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
      if (found[name] !== tree[name]) throw damaged('a tree is not complete');
    }
  }

  /** Reads a page of a tree, and the positions of its entries. */
  #page(number: number, kind: number): { view: DataView; nodes: readonly number[] } {
    this.#enter(number, 1);
    const { pageSize } = this.#meta;
    const view = this.#read(number * pageSize, pageSize);
    if (view.byteLength < pageSize) throw damaged('it is too short');
    this.#checkHeader(view, number, kind);
    const [lower, upper] = [view.getUint16(20, true), view.getUint16(22, true)];
    const room = pageSize - PAGE_HEADER;
    if (lower % 2 !== 0 || lower > upper || upper > room || lower === 0) {
      throw damaged('a page has wrong bounds');
    }
    const nodes: number[] = [];
    for (let index = 0; index < lower / 2; index++) {
      const offset = view.getUint16(PAGE_HEADER + index * 2, true);
      const at = PAGE_HEADER + offset;
      if (offset < upper || offset + NODE_HEADER > room) throw damaged('an entry is misplaced');
      if (at + NODE_HEADER + view.getUint16(at + 6, true) > pageSize) {
        throw damaged('a key is too long');
      }
      nodes.push(at);
    }
    return { view, nodes };
  }

  /** @returns the tree that an entry describes, or the number of overflow pages of its value */
  #leafNode(view: DataView, at: number, named: boolean): Tree | number | undefined {
    const size = view.getUint16(at, true) + view.getUint16(at + 2, true) * 65_536;
    const flags = view.getUint16(at + 4, true);
    const value = at + NODE_HEADER + view.getUint16(at + 6, true);
    const inside = (flags & BIG_VALUE) === 0 ? size : BIG_BYTES;
    if (value + inside > view.byteLength) throw damaged('a value is too long');
    if ((flags & SEVERAL) !== 0) throw damaged('an entry has several values');
    if ((flags & SUB_TREE) !== 0) {
      if (!named || size !== TREE_BYTES) throw damaged('a tree is misplaced');
      return readTree(view, value);
    }
    return (flags & BIG_VALUE) === 0 ? undefined : this.#bigValue(view, value, size);
  }

  #bigValue(view: DataView, at: number, size: number): number {
    const number = readUint64(view, at);
    const pages = readUint64(view, at + 16);
    if (size + PAGE_HEADER > pages * this.#meta.pageSize) throw damaged('a value is too long');
    this.#enter(number, pages);
    const header = this.#read(number * this.#meta.pageSize, PAGE_HEADER);
    if (header.byteLength < PAGE_HEADER) throw damaged('it is too short');
    this.#checkHeader(header, number, OVERFLOW);
    if (header.getUint32(20, true) !== pages) throw damaged('a value has another length');
    return pages;
  }

  #checkHeader(view: DataView, number: number, kind: number): void {
    if (readUint64(view, 0) !== number || view.getUint16(18, true) !== kind) {
      throw damaged('a page has a wrong header');
    }
    if (readUint64(view, 8) > this.#meta.transaction) throw damaged('a page is too new');
  }

  /** Marks pages as used. A page that is used twice would also allow a loop. */
  #enter(first: number, count: number): void {
    if (first < FIRST_PAGE || count < 1 || first + count > this.#end) {
      throw damaged('it is too short, or a page is misplaced');
    }
    for (let page = first; page < first + count; page++) {
      if (this.#seen.has(page)) throw damaged('a page is used twice');
      this.#seen.add(page);
    }
  }
}

function childOf(view: DataView, at: number): number {
  return (
    view.getUint16(at, true) +
    view.getUint16(at + 2, true) * 65_536 +
    view.getUint16(at + 4, true) * 2 ** 32
  );
}
