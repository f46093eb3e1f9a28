import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { damaged, META_BYTES, type Meta, readMeta } from './meta-page.ts';
import { walkPages } from './page-walk.ts';

/** Processors whose page layout is known here. On others, LMDB's own checks must suffice. */
const KNOWN_LAYOUT: readonly string[] = ['x64', 'arm64', 'ppc64', 'riscv64', 'loong64'];
/** Pages that are read before the event loop continues. */
const PAGES_AT_ONCE = 256;
/** Attempts to read a consistent state while another process writes. */
const MAX_WALKS = 5;

/**
 * Checks the data file before LMDB opens it. LMDB maps the file into memory and trusts it, so a damaged file crashes the
 * process. A file that is missing or empty passes: LMDB will create it.
 *
 * @param full - maximum size in bytes up to which all pages are checked; larger files only if they are truncated
 * @param access - how LMDB will open the file
 * @throws `store/corrupt`; file system errors
 */
export async function checkDataFile(
  folder: string,
  full: number,
  access: 'r' | 'r+' = 'r+',
): Promise<void> {
  if (endianness() !== 'LE' || !KNOWN_LAYOUT.includes(process.arch)) return;
  // With the access that LMDB needs: it crashes the process if it cannot open the file.
  let file: number;
  try {
    file = openSync(join(folder, 'data.mdb'), access);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await checkFile(file, full);
  } finally {
    closeSync(file);
  }
}

async function checkFile(file: number, full: number): Promise<void> {
  for (let walks = 0; walks < MAX_WALKS; walks++) {
    const { size } = fstatSync(file);
    if (size === 0) return;
    const meta = newestMeta(file);
    // Free pages at the end may never have been written.
    const complete = size >= (meta.lastPage + 1) * meta.pageSize;
    if (complete && size > full) return;
    try {
      await walk(file, meta, Math.floor(size / meta.pageSize));
      return;
    } catch (error) {
      // Another process has written meanwhile, so the pages that were read belong to different states.
      if (newestMeta(file).transaction !== meta.transaction) continue;
      throw error;
    }
  }
  // A process that writes this often has the store open: opening fails with `store/conflict` later.
}

async function walk(file: number, meta: Meta, pages: number): Promise<void> {
  let steps = 0;
  for (const _ of walkPages(meta, pages, (position, length) => read(file, position, length))) {
    steps += 1;
    if (steps % PAGES_AT_ONCE === 0) await setImmediate();
  }
}

function newestMeta(file: number): Meta {
  const first = readMeta(required(read(file, 0, META_BYTES)));
  const second = readMeta(required(read(file, first.pageSize, META_BYTES)));
  if (first.pageSize !== second.pageSize) throw damaged('its page size is wrong');
  return second.transaction > first.transaction ? second : first;
}

function required(view: DataView): DataView {
  if (view.byteLength < META_BYTES) throw damaged('it is too short');
  return view;
}

/** @throws file system errors: a disk that cannot be read is not the same as a damaged file */
function read(file: number, position: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return new DataView(bytes.buffer, 0, filled);
}
