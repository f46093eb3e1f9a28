import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { damaged, META_BYTES, type Meta, readMeta } from './meta-page.ts';
import { walkPages } from './page-walk.ts';

/** Processors whose page layout is known here; LMDB's own checks have to do for others. */
const KNOWN_LAYOUT: readonly string[] = ['x64', 'arm64', 'ppc64', 'riscv64', 'loong64'];
/** Pages read in one go before others get their turn. */
const PAGES_AT_ONCE = 256;
/** As often a walk begins anew because somebody writes meanwhile. */
const MAX_WALKS = 5;

/**
 * Looks at the data file before LMDB does: LMDB maps it into memory and trusts it, so a file that is damaged ends the
 * process. A file that is missing or empty is none yet.
 *
 * @param full - largest file, in bytes, of which all pages are checked; larger ones only if they are too short
 * @param access - how LMDB will open it
 * @throws `store/corrupt`; the file system's own errors
 */
export async function checkDataFile(
  folder: string,
  full: number,
  access: 'r' | 'r+' = 'r+',
): Promise<void> {
  if (endianness() !== 'LE' || !KNOWN_LAYOUT.includes(process.arch)) return;
  // As LMDB will open it, which does not survive a file that it may not open.
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
    // Pages at the end may never have been written, if they are free.
    const complete = size >= (meta.lastPage + 1) * meta.pageSize;
    if (complete && size > full) return;
    try {
      await walk(file, meta, Math.floor(size / meta.pageSize));
      return;
    } catch (error) {
      // Another process writes: what was read did not belong together.
      if (newestMeta(file).transaction !== meta.transaction) continue;
      throw error;
    }
  }
  // Somebody is busy with it, who will be found to be its owner.
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

/** @throws the file system's errors; a disk that gives no bytes back is another fault than wrong bytes */
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
