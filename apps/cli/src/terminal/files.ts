import { constants, type FileHandle, open } from 'node:fs/promises';
import { concatBytes, ProtocolError, utf8Decode } from '@dimp/foundation';
import type { Surroundings } from './context.ts';
import { CommandFailure, isSystemError, usage } from './failure.ts';

/** File name that stands for the standard input. */
export const STANDARD_INPUT = '-';

/**
 * Reads a file, or the standard input for `-`.
 *
 * @throws `file/unreadable`; `format/limit` for more than `maxBytes`, which stops reading
 */
export async function readInput(
  path: string,
  maxBytes: number,
  { stdin }: Pick<Surroundings, 'stdin'>,
): Promise<Uint8Array> {
  if (path === STANDARD_INPUT) return collect(stdin, maxBytes);
  try {
    await using file = await open(path, 'r');
    return await collect(file.createReadStream({ autoClose: false }), maxBytes);
  } catch (error) {
    if (isSystemError(error)) throw unreadable(path, error);
    throw error;
  }
}

/** Reads a UTF-8 text as {@link readInput} does, without a byte order mark and without the last line end. */
export async function readText(
  path: string,
  maxBytes: number,
  surroundings: Pick<Surroundings, 'stdin'>,
): Promise<string> {
  const bytes = await readInput(path, maxBytes, surroundings);
  try {
    return utf8Decode(withoutMark(bytes)).replace(/\r?\n$/, '');
  } catch {
    throw usage(`${path} is not UTF-8 text`);
  }
}

/** Removes the byte order mark that some editors write at the start of a text. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? bytes.subarray(3) : bytes;
}

/**
 * Writes a new file that only the user can read. It is on the disk when this returns.
 *
 * @throws `file/unwritable`
 */
export async function writeSecret(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await using file: FileHandle = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      0o600,
    );
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    if (isSystemError(error)) throw unwritable(path, error);
    throw error;
  }
}

/** The failure of a file that cannot be read. */
export function unreadable(path: string, { code }: NodeJS.ErrnoException): CommandFailure {
  return new CommandFailure('file/unreadable', `${path} cannot be read (${code})`);
}

/** The failure of a file that cannot be written. */
export function unwritable(path: string, { code }: NodeJS.ErrnoException): CommandFailure {
  const why = code === 'EEXIST' ? 'already exists' : `cannot be written (${code})`;
  return new CommandFailure('file/unwritable', `${path} ${why}`);
}

async function collect(
  stream: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
    length += bytes.length;
    if (length > maxBytes) {
      throw new ProtocolError('format/limit', 'input is too long', {
        details: { limit: 'bytes', max: maxBytes },
      });
    }
    pieces.push(bytes);
  }
  return concatBytes(...pieces);
}
