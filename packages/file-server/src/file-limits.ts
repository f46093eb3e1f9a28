/** Limits of a file server. */
export interface FileLimits {
  /** Longest file in a `PUT`, in bytes; 100 MiB by default. */
  readonly maxFileBytes: number;
  /** Longest file in a form, in bytes; 16 MiB by default (spec §13.4). */
  readonly maxFormBytes: number;
  /** Bytes of all files; 10 GiB by default. Each file counts 16 KiB more than its length. */
  readonly totalBytes: number;
  /** Bytes that stay free on the file system, for example for the station's store; 256 MiB by default. */
  readonly minFreeBytes: number;
  /** Bytes that one address may upload in a day; 1 GiB by default. Each upload counts 16 KiB more than its length. */
  readonly addressBytesPerDay: number;
  /**
   * Concurrent uploads; 64 by default. If all are in use, an address with few uploads replaces one of the network with
   * most.
   */
  readonly uploadsAtOnce: number;
  /** Concurrent uploads of one address; 8 by default. */
  readonly addressUploadsAtOnce: number;
  /**
   * Minimum speed of an upload after 30 seconds, in bytes per second; 4,096 by default. Slower uploads are cut, because
   * they keep others out. While other uploads of the same address wait, the minimum is 16 times as high.
   */
  readonly minBytesPerSecond: number;
  /** How long an unfinished file is kept, in milliseconds; one day by default. */
  readonly keepUnfinished: number;
  /** How long a file is kept, in milliseconds; 30 days by default. */
  readonly keepFinished: number;
}

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** Limits that apply unless the operator sets others. */
export const DEFAULT_FILE_LIMITS: FileLimits = {
  maxFileBytes: 100 * MIB,
  maxFormBytes: 16 * MIB,
  totalBytes: 10 * 1024 * MIB,
  minFreeBytes: 256 * MIB,
  addressBytesPerDay: 1024 * MIB,
  uploadsAtOnce: 64,
  addressUploadsAtOnce: 8,
  minBytesPerSecond: 4096,
  keepUnfinished: DAY_MS,
  keepFinished: 30 * DAY_MS,
};

/**
 * Completes the limits of an operator.
 *
 * @throws `RangeError` for a limit that is not a number of at least 0
 */
export function fileLimits(limits: Partial<FileLimits> = {}): FileLimits {
  const all = { ...DEFAULT_FILE_LIMITS, ...limits };
  for (const [name, value] of Object.entries(all)) {
    if (!(value >= 0)) throw new RangeError(`limits.${name} must be a number of at least 0`);
  }
  return all;
}
