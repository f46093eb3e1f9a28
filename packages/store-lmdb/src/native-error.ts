import { constants } from 'node:os';
import { type ErrorCode, isProtocolError, ProtocolError } from '@dimp/foundation';

/** LMDB's own codes. Positive codes are those of the operating system. */
const LMDB_CODES: Readonly<Record<number, ErrorCode>> = {
  [-30797]: 'store/corrupt', // MDB_PAGE_NOTFOUND
  [-30796]: 'store/corrupt', // MDB_CORRUPTED
  [-30794]: 'store/corrupt', // MDB_VERSION_MISMATCH
  [-30793]: 'store/corrupt', // MDB_INVALID
  [-30792]: 'store/quota', // MDB_MAP_FULL
  [-30788]: 'store/quota', // MDB_TXN_FULL
};

/** Errors of the operating system for a full disk. */
const DISK_FULL: readonly (string | number)[] = [
  ...['ENOSPC', 'EDQUOT', 'EFBIG'],
  ...[constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG],
];

/**
 * Converts an error of LMDB or of the file system to a store error. `store/unavailable` is the default: no permission, a
 * missing folder, a disk that cannot be read.
 *
 * @param what - the operation that failed, for the message
 */
export function storeError(what: string, cause: unknown): ProtocolError {
  if (isProtocolError(cause)) return cause;
  const code = codeOf(cause);
  const known = typeof code === 'number' ? LMDB_CODES[code] : undefined;
  const mapped = known ?? (DISK_FULL.includes(code ?? '') ? 'store/quota' : 'store/unavailable');
  return new ProtocolError(mapped, `${what} failed`, {
    cause,
    details: code === undefined ? {} : { cause: code },
  });
}

function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}
