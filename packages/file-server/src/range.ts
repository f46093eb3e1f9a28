/** A part of a file: from `start` to `end`, exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Parses a Range header (RFC 9110 §14.2). Several ranges, and invalid ones, are ignored, as the RFC allows.
 *
 * @returns `whole`, `unsatisfiable`, or the range limited to the file
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** The part of a file that an upload contains. */
export interface UploadRange extends ByteRange {
  /** Length of the whole file. */
  readonly total: number;
}

/**
 * Parses the Content-Range header of a request (RFC 9110 §14.5). Without one the body is the whole file.
 *
 * @param length - of the body, in bytes
 * @returns undefined for an invalid header
 */
export function parseContentRange(
  header: string | undefined,
  length: number,
): UploadRange | undefined {
  if (header === undefined) return { start: 0, end: length, total: length };
  const [, first, last, all] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header) ?? [];
  if (first === undefined) return undefined;
  const [start, end, total] = [Number(first), Number(last) + 1, Number(all)];
  return end - start === length && end > start && end <= total ? { start, end, total } : undefined;
}
