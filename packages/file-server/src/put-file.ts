import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refused } from './admission.ts';
import type { RoomPromise } from './disk-usage.ts';
import { type FileContext, openCurrent, removeExpired } from './file-context.ts';
import type { OpenFile } from './file-disk.ts';
import { HEAD_BYTES } from './file-head.ts';
import type { FileKey } from './file-names.ts';
import { refuse } from './http/answer.ts';
import { diskStatus, PartUpload } from './part-upload.ts';
import { parseContentRange, type UploadRange } from './range.ts';
import { hasGone, uploadBody } from './upload-body.ts';

/**
 * Stores the body of a PUT: a whole file or a part of one (RFC 9110 §14.5). The bytes received before a connection
 * breaks are kept. A finished file never changes.
 *
 * @param address - key of the address of the client
 */
export async function putFile(
  context: FileContext,
  key: FileKey,
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
): Promise<void> {
  const { limits } = context;
  const length = bodyLength(request);
  if (length === undefined) return refuse(request, response, 411);
  const range = parseContentRange(request.headers['content-range'], length);
  if (range === undefined) return refuse(request, response, 400);
  if (range.total > limits.maxFileBytes) return refuse(request, response, 413);
  const verdict = await admit(context, key, range, request, address);
  // A refusal reads the rest of the body for a while; the resources of the upload are already released.
  if (verdict !== 'gone') await refuse(request, response, verdict.status, verdict.headers);
}

/** The answer; `gone` if the client has disconnected. */
type Verdict = Refused | 'gone';

async function admit(
  context: FileContext,
  key: FileKey,
  range: UploadRange,
  request: IncomingMessage,
  address: string,
): Promise<Verdict> {
  const { admission, turns } = context;
  const admitted = await admission.admit(request, address, range.end - range.start);
  if ('status' in admitted) return admitted;
  using _admitted = admitted;
  using turn = await turns.take(key, () => request.destroy());
  // A newer upload of the same name has arrived meanwhile.
  if (turn.stopped || request.destroyed) return 'gone';
  const finished = await openCurrent(context, key);
  if (finished !== undefined) return await compare(context, finished, range, request);
  await removeExpired(context, key);
  // Awaited here, because the turn ends with this function.
  return await store(context, key, range, request, admitted.room);
}

/** @returns the length of a body; undefined if the headers do not contain it */
export function bodyLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  if (headers['transfer-encoding'] !== undefined || length === undefined) return undefined;
  return Number(length);
}

async function store(
  context: FileContext,
  key: FileKey,
  { start, total }: UploadRange,
  request: IncomingMessage,
  room: RoomPromise,
): Promise<Verdict> {
  const part = await context.disk.findPart(key);
  const confirmed = part?.confirmed ?? 0;
  if (start > confirmed) return verdict(416, confirmed);
  if (start > 0 && part?.total !== total) return verdict(409, confirmed);
  try {
    const before = part?.size;
    const upload = await PartUpload.begin(context, key, room, { total, start, before });
    const gone = await receive(context, request, upload);
    if (gone || !upload.isComplete) await upload.keep();
    else await upload.finish(key);
    return gone ? 'gone' : verdict(upload.isComplete ? 201 : 202, upload.length);
  } catch (error) {
    const status = diskStatus(error);
    context.logger.error('files.write-failed', { status });
    return { status, headers: {} };
  }
}

function verdict(status: number, offset: number): Refused {
  return { status, headers: { 'Upload-Offset': offset } };
}

/** @returns whether the client has disconnected before the end */
async function receive(
  context: FileContext,
  request: IncomingMessage,
  upload: PartUpload,
): Promise<boolean> {
  try {
    for await (const piece of uploadBody(request, context)) await upload.write(piece);
    return !request.complete;
  } catch (error) {
    if (hasGone(request)) return true;
    await upload.discard();
    throw error;
  }
}

/** Compares an upload with the finished file: the same bytes may come again, because an answer can be lost. */
async function compare(
  context: FileContext,
  { handle, size }: OpenFile,
  range: UploadRange,
  request: IncomingMessage,
): Promise<Verdict> {
  let same = range.total === size;
  try {
    let position = HEAD_BYTES + range.start;
    for await (const piece of same ? uploadBody(request, context) : []) {
      const { length } = piece;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      same = bytesRead === length && buffer.equals(piece);
      position += length;
      if (!same) break;
    }
  } catch (error) {
    if (!hasGone(request)) throw error;
    return 'gone';
  } finally {
    await handle.close();
  }
  return verdict(same ? 200 : 409, size);
}
