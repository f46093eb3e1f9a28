/** Part of a file: from `start` up to, but not with, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks for (RFC 9110 §14.2). Several ranges, and what is no range of bytes, count as no header at all,
 * as the RFC allows.
 *
 * @returns `whole`, `unsatisfiable`, or the range cut to the file
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

/** Where the bytes of an upload belong. */
export interface UploadRange extends ByteRange {
  /** Length of the whole file. */
  readonly total: number;
}

/**
 * What a Content-Range header says of a request (RFC 9110 §14.5); without one the body is the whole.
 *
 * @param length - length of the body
 * @returns undefined if it makes no sense
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
