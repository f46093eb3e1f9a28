import { ProtocolError } from '@dimp/foundation';

/** Bytes of the header of each page, on 64-bit machines. */
export const PAGE_HEADER = 24;
/** Bytes of a page that a meta page uses. */
export const META_BYTES: number = PAGE_HEADER + 144;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const META_FLAG = 0x08;
const MIN_PAGE = 512;
const MAX_PAGE = 65_536;
/** Root of an empty tree: 64 set bits. */
const NO_PAGE = 2 ** 64;

/** Tree of pages. */
export interface Tree {
  /** Undefined if the tree is empty. */
  readonly root: number | undefined;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
}

/** State of the database. There are two meta pages, written alternately. */
export interface Meta {
  readonly pageSize: number;
  /** Number of the transaction that wrote the page. */
  readonly transaction: number;
  /** Highest page in use. */
  readonly lastPage: number;
  readonly free: Tree;
  readonly main: Tree;
}

/**
 * Reads a meta page as LMDB lays it out (data version 2, 64 bits, little endian).
 *
 * @throws `store/corrupt`
 */
export function readMeta(page: DataView): Meta {
  const at = PAGE_HEADER;
  if ((page.getUint16(18, true) & META_FLAG) === 0 || page.getUint32(at, true) !== MAGIC) {
    throw damaged('it is not an LMDB file');
  }
  if ((page.getUint32(at + 4, true) & 0xffff) !== VERSION) {
    throw damaged('its format has another version');
  }
  const pageSize = page.getUint32(at + 24, true);
  if (pageSize < MIN_PAGE || pageSize > MAX_PAGE || (pageSize & (pageSize - 1)) !== 0) {
    throw damaged('its page size is wrong');
  }
  return {
    pageSize,
    lastPage: readUint64(page, at + 120),
    transaction: readUint64(page, at + 128),
    free: readTree(page, at + 24),
    main: readTree(page, at + 72),
  };
}

/** Reads the description of a tree, which is in a meta page or the value of a named database. */
export function readTree(view: DataView, at: number): Tree {
  const root = readUint64(view, at + 40);
  return {
    root: root === NO_PAGE ? undefined : root,
    depth: view.getUint16(at + 6, true),
    branchPages: readUint64(view, at + 8),
    leafPages: readUint64(view, at + 16),
    overflowPages: readUint64(view, at + 24),
    entries: readUint64(view, at + 32),
  };
}

/** Bytes of the description of a tree. */
export const TREE_BYTES = 48;

/** Reads a number of 64 bits. Above 2⁵³ it is rounded, which is enough to see that it is out of range. */
export function readUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Makes the error for a damaged data file. */
export function damaged(what: string): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', `the data file is damaged: ${what}`);
}
