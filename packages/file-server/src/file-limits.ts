/** What the file server takes, and how long it keeps it. */
export interface FileLimits {
  /** Longest file that is put, in bytes; 100 MiB by default. */
  readonly maxFileBytes: number;
  /** Longest file that is posted in a form, in bytes; 16 MiB by default (spec §13.4). */
  readonly maxFormBytes: number;
  /** All files together, in bytes; 10 GiB by default. Each file counts 16 KiB more than it is long. */
  readonly totalBytes: number;
  /** What the file system keeps free for others, such as the station's own store, in bytes; 256 MiB by default. */
  readonly minFreeBytes: number;
  /**
   * What one address may upload in a day, in bytes; 1 GiB by default. Each upload counts 16 KiB more than it is long.
   */
  readonly addressBytesPerDay: number;
  /** Uploads at a time; 64 by default. Where all places are taken, who has fewest gets one of those who have most. */
  readonly uploadsAtOnce: number;
  /** Uploads of one address at a time; 8 by default. */
  readonly addressUploadsAtOnce: number;
  /**
   * Slower uploads are cut after half a minute, because they keep others out, silent ones too; 4,096 bytes a second by
   * default. While others of the same address wait for a place, 16 times as much.
   */
  readonly minBytesPerSecond: number;
  /** How long a file that is not complete waits for the rest, in milliseconds; a day by default. */
  readonly keepUnfinished: number;
  /** How long a file is kept, in milliseconds; 30 days by default. */
  readonly keepFinished: number;
}

const MIB = 1024 * 1024;
const DAY = 86_400_000;

/** What counts where an operator says nothing. */
export const DEFAULT_FILE_LIMITS: FileLimits = {
  maxFileBytes: 100 * MIB,
  maxFormBytes: 16 * MIB,
  totalBytes: 10 * 1024 * MIB,
  minFreeBytes: 256 * MIB,
  addressBytesPerDay: 1024 * MIB,
  uploadsAtOnce: 64,
  addressUploadsAtOnce: 8,
  minBytesPerSecond: 4096,
  keepUnfinished: DAY,
  keepFinished: 30 * DAY,
};

/** @throws `RangeError` for a limit that is no number from 0 on */
export function fileLimits(limits: Partial<FileLimits> = {}): FileLimits {
  const all = { ...DEFAULT_FILE_LIMITS, ...limits };
  for (const [name, value] of Object.entries(all)) {
    if (!(value >= 0)) throw new RangeError(`limits.${name} must be a number of at least 0`);
  }
  return all;
}
