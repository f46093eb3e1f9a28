import { constants, copyFile, link, mkdir, open, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { encodeHex, ProtocolError, randomBytes } from '@dimp/foundation';
import { isSystemError } from '../terminal/failure.ts';
import { unwritable } from '../terminal/files.ts';
import { oneLine } from '../terminal/text.ts';

/** Characters that are invalid in file names on some systems, or separate folders. */
const UNSAFE = /[^\p{L}\p{N}._ ()+-]/gu;
const MAX_NAME = 100;

/**
 * Writes a file under a new name. It appears in the folder when all of it is written, and overwrites nothing.
 *
 * @param name - from {@link safeName}
 * @returns path of the file
 * @throws `file/unwritable`; `store/conflict`; what reading the bytes throws
 */
export async function saveFile(
  folder: string,
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<string> {
  const partial = join(folder, `.${encodeHex(randomBytes(8))}.part`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(partial, 'wx', 0o600);
    try {
      for await (const bytes of content) await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return await place(partial, folder, name);
  } catch (error) {
    throw isSystemError(error) && 'syscall' in error ? unwritable(folder, error) : error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Converts a file name that the sender chose to one that stays in its folder. */
export function safeName(filename: string | undefined): string {
  const last = (filename ?? '').split(/[/\\]/).at(-1) ?? '';
  const name = last
    .normalize('NFC')
    .replace(UNSAFE, '_')
    .replace(/^[. ]+/, '')
    .slice(-MAX_NAME)
    .trim();
  return name === '' ? 'file' : name;
}

/** Moves a file to its name, or to the next free one. */
async function place(partial: string, folder: string, name: string): Promise<string> {
  const extension = extname(name);
  const stem = basename(name, extension);
  for (let number = 0; number < 10_000; number++) {
    const path = join(folder, number === 0 ? name : `${stem} (${number})${extension}`);
    try {
      await linkOrCopy(partial, path);
      return path;
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    }
  }
  throw new ProtocolError(
    'store/conflict',
    `${folder} has too many files with the name ${oneLine(name)}`,
  );
}

/** Links a file, or copies it on file systems without links. @throws EEXIST if the target exists */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isSystemError(error) || error.code === 'EEXIST') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}
