import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type FileContext, isExpired, openCurrent } from './file-context.ts';
import type { OpenFile } from './file-disk.ts';
import { HEAD_BYTES } from './file-head.ts';
import type { FileKey } from './file-names.ts';
import { answer, begin } from './http/answer.ts';
import { parseRange } from './range.ts';

/** Answers GET and HEAD (RFC 9110 §9.3, §13.1, §14). HEAD of an unfinished file returns how many bytes are stored. */
export async function getFile(
  context: FileContext,
  key: FileKey,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = await openCurrent(context, key);
  if (file === undefined) return answerUnfinished(context, key, request, response);
  await using _close = { [Symbol.asyncDispose]: () => file.handle.close() };
  const etag = entityTag(file);
  const headers: OutgoingHttpHeaders = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'max-age=3600, no-transform',
    'Content-Disposition': 'attachment',
    'Content-Type': 'application/octet-stream',
    ETag: etag,
  };
  if (matchesAny(request.headers['if-none-match'], etag)) {
    return answer(response, 304, '', { ETag: etag });
  }
  const range = wantedRange(request, file, etag);
  if (range === 'unsatisfiable') {
    return answer(response, 416, '', { 'Content-Range': `bytes */${file.size}` });
  }
  const { start, end } = range === 'whole' ? { start: 0, end: file.size } : range;
  headers['Content-Length'] = end - start;
  if (range !== 'whole') headers['Content-Range'] = `bytes ${start}-${end - 1}/${file.size}`;
  begin(response, range === 'whole' ? 200 : 206, headers);
  if (request.method === 'HEAD' || end === start) return void response.end();
  await send(file, start, end, response);
}

async function send(
  { handle }: OpenFile,
  start: number,
  end: number,
  response: ServerResponse,
): Promise<void> {
  const from = { start: HEAD_BYTES + start, end: HEAD_BYTES + end - 1, autoClose: false };
  try {
    await pipeline(handle.createReadStream(from), response);
  } catch (error) {
    // An interrupted answer must not look complete.
    response.destroy();
    if (!isConnectionError(error)) throw error;
  }
}

async function answerUnfinished(
  { clock, disk, limits }: FileContext,
  key: FileKey,
  { method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const part = method === 'HEAD' ? await disk.findPart(key) : undefined;
  const current = part !== undefined && !isExpired(part.written, limits.keepUnfinished, clock);
  if (!current) return answer(response, 404);
  begin(response, 200, { 'Upload-Offset': part.confirmed, 'Cache-Control': 'no-store' });
  response.end();
}

/**
 * Returns the requested range; the whole file if it is not the one that the client has a part of (RFC 9110 §13.1.5).
 */
function wantedRange(
  { headers }: IncomingMessage,
  { size }: OpenFile,
  etag: string,
): ReturnType<typeof parseRange> {
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== etag) return 'whole';
  return parseRange(headers.range, size);
}

/** Returns the entity tag. A name is not used again while its file is kept, so time and length identify a file. */
function entityTag({ finished, size }: OpenFile): string {
  return `"${finished.toString(36)}-${size.toString(36)}"`;
}

function matchesAny(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}

function isConnectionError(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}
