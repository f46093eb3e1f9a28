import { type FileContext, isExpired } from './file-context.ts';
import type { FoundFile } from './file-disk.ts';
import type { FileKey } from './file-names.ts';

/** Result of {@link sweepFiles}. */
export interface SweepResult {
  /** Number of remaining files, including unfinished ones. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Number of removed files. */
  readonly removed: number;
}

/**
 * Removes expired files, one after the other.
 *
 * @param onRemoved - called with the length of each removed file
 */
export async function sweepFiles(
  context: FileContext,
  onRemoved: (bytes: number) => void,
  signal: AbortSignal,
): Promise<SweepResult> {
  let files = 0;
  let bytes = 0;
  let removed = 0;
  for await (const found of context.disk.walk()) {
    if (signal.aborted) break;
    if (await remove(context, found)) {
      removed += 1;
      onRemoved(found.size);
    } else {
      files += 1;
      bytes += found.size;
    }
  }
  return { files, bytes, removed };
}

async function remove(
  context: FileContext,
  { key, kind, size, written }: FoundFile,
): Promise<boolean> {
  const { clock, disk, limits, turns } = context;
  const keep = kind === 'part' ? limits.keepUnfinished : limits.keepFinished;
  if (!isExpired(written, keep, clock)) return false;
  using turn = turns.takeIfFree(key);
  if (turn === undefined) return false;
  // It may have changed meanwhile.
  const own = key as FileKey;
  if (kind === 'part') {
    const part = await disk.findPart(own);
    if (part !== undefined && (part.size !== size || part.written !== written)) return false;
    return disk.removePart(own);
  }
  const file = await disk.openFinished(own);
  await file?.handle.close();
  if (file !== undefined && file.finished !== written) return false;
  return disk.removeFinished(own);
}
