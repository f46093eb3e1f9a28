import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RemoteAddress } from '@dimp/core/transport';
import { addressKey } from '@dimp/core/transport';
import { isProtocolError } from '@dimp/foundation';
import type { Refused } from './admission.ts';
import { dialledUrl } from './dialled-url.ts';
import type { RoomPromise } from './disk-usage.ts';
import { type FileContext, openCurrent, removeExpired } from './file-context.ts';
import type { OpenFile } from './file-disk.ts';
import { HEAD_BYTES } from './file-head.ts';
import { type FileRoute, type FormSpace, formKey, formPath } from './file-names.ts';
import { extensionOf, FORM_MESSAGES, type FormCode, FormRefusal } from './form-rules.ts';
import { answerJson, refuse } from './http/answer.ts';
import { formBoundary, readForm } from './multipart.ts';
import { diskStatus, PartUpload } from './part-upload.ts';
import { bodyLength } from './put-file.ts';
import { hasGone, uploadBody } from './upload-body.ts';

/** Options for {@link postForm}. */
export interface FormOptions {
  /** Secrets that clients share, as hex; without any, digests are not checked. */
  readonly secrets: readonly string[];
  /** Public URL of the server, without a trailing slash; if undefined, the URL that the client has used. */
  readonly publicUrl: string | undefined;
}

/** Most bytes of a form besides the file. */
const FORM_OVERHEAD = 64 * 1024;

type FormUpload = Extract<FileRoute, { readonly kind: 'form' }>;

/** A file from a form. */
interface Posted {
  readonly space: FormSpace;
  readonly filename: string;
  readonly sha256: Buffer;
  readonly upload: PartUpload;
}

/**
 * Stores the file of a form (spec §13.2, §13.3). Errors of the form are answered with status 200 and a code in JSON
 * (§13.4).
 */
export async function postForm(
  context: FileContext,
  route: FormUpload,
  options: FormOptions,
  request: IncomingMessage,
  response: ServerResponse,
  remote: RemoteAddress,
): Promise<void> {
  const address = addressKey(remote.address);
  const length = bodyLength(request);
  if (length === undefined) return refuse(request, response, 411);
  if (length > context.limits.maxFormBytes + FORM_OVERHEAD)
    return refuseForm(request, response, 403);
  const outcome = await admit(context, route, options, request, length, address);
  if (outcome === 'gone') return;
  if ('code' in outcome) return refuseForm(request, response, outcome.code);
  // A refusal reads the rest of the body for a while; the resources of the upload are already released.
  if ('status' in outcome) return refuse(request, response, outcome.status, outcome.headers);
  const { filename, space } = outcome;
  // Existing clients treat an answer without a URL as a failure.
  const base = options.publicUrl ?? dialledUrl(request, remote);
  const url = base === undefined ? {} : { url: base + formPath(space, filename) };
  answerJson(response, 200, { code: 200, message: FORM_MESSAGES[200], filename, ...url });
}

async function admit(
  context: FileContext,
  route: FormUpload,
  options: FormOptions,
  request: IncomingMessage,
  length: number,
  address: string,
): Promise<Posted | Refused | { readonly code: FormCode } | 'gone'> {
  const admitted = await context.admission.admit(request, address, length);
  if ('status' in admitted) return admitted;
  using _admitted = admitted;
  try {
    const posted = await receive(context, route, options, request, length, admitted.room);
    await keep(context, posted);
    return posted;
  } catch (error) {
    if (hasGone(request)) return 'gone';
    if (error instanceof FormRefusal) return { code: error.code };
    if (isProtocolError(error)) return { code: 400 };
    const status = diskStatus(error);
    context.logger.error('files.write-failed', { status });
    return { status, headers: {} };
  }
}

/** Reads the form to its end, and writes its file to a temporary part. */
async function receive(
  context: FileContext,
  { form, space }: FormUpload,
  { secrets }: FormOptions,
  request: IncomingMessage,
  length: number,
  room: RoomPromise,
): Promise<Posted> {
  const boundary = formBoundary(request.headers['content-type']);
  if (boundary === undefined) throw new FormRefusal(400);
  const pieces = readForm(uploadBody(request, context), boundary);
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let upload: PartUpload | undefined;
  let extension = '';
  let kind = space.kind;
  let inFile = false;
  try {
    for await (const piece of pieces) {
      if (piece.kind === 'part') {
        // The first file counts; other parts are skipped.
        inFile = upload === undefined && (piece.name === 'file' || piece.name === 'avatar');
        if (!inFile) continue;
        if (form === 'classic' && piece.name === 'avatar') kind = 'avatar';
        extension = extensionOf(piece.filename, kind);
        const sizes = { total: length, start: 0, before: undefined };
        upload = await PartUpload.begin(context, context.disk.freshKey(), room, sizes);
      } else if (inFile && upload !== undefined) {
        if (upload.length + piece.bytes.length > context.limits.maxFormBytes) {
          throw new FormRefusal(403);
        }
        md5.update(piece.bytes);
        sha256.update(piece.bytes);
        await upload.write(piece.bytes);
      }
    }
    if (upload === undefined) throw new FormRefusal(204);
    const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
    checkDigest(form, md5, secrets, query);
    const filename = `${md5.digest('hex')}.${extension}`;
    return { space: { ...space, kind }, filename, sha256: sha256.digest(), upload };
  } catch (error) {
    await upload?.discard();
    throw error;
  }
}

/**
 * Moves a posted file to its place. Its name is an MD5 digest, which another file may have too: then the first one
 * stays.
 */
async function keep(
  context: FileContext,
  { space, filename, sha256, upload }: Posted,
): Promise<void> {
  const key = formKey(space, filename);
  try {
    using _turn = await context.turns.take(key, () => undefined);
    const before = await openCurrent(context, key);
    if (before !== undefined && !(await hasDigest(before, sha256))) throw new FormRefusal(409);
    if (before === undefined) await removeExpired(context, key);
    await upload.finish(key);
    // The same file was posted again: it replaces the old one, with a new age.
    if (before !== undefined) context.usage.add(-before.size, -1);
  } catch (error) {
    await upload.discard();
    throw error;
  }
}

async function hasDigest({ handle }: OpenFile, sha256: Buffer): Promise<boolean> {
  const digest = createHash('sha256');
  // The stream closes the file at its end.
  for await (const piece of handle.createReadStream({ start: HEAD_BYTES })) {
    digest.update(piece as Uint8Array);
  }
  return digest.digest().equals(sha256);
}

/**
 * Checks the digest of a form: MD5 of the file, or of its MD5, with secret and salt. All clients share the secret, so
 * it authenticates no user.
 */
function checkDigest(
  form: FormUpload['form'],
  file: ReturnType<typeof createHash>,
  secrets: readonly string[],
  query: URLSearchParams,
): void {
  if (secrets.length === 0) return;
  const salt = query.get('salt') ?? '';
  const given = query.get('md5') ?? '';
  const enigma = (query.get('enigma') ?? '').toLowerCase();
  if (!/^(?:[0-9a-f]{2}){1,64}$/i.test(salt) || !/^[0-9a-f]{32}$/i.test(given)) {
    throw new FormRefusal(401);
  }
  const secret = secrets.find((each) => each.startsWith(enigma));
  if (secret === undefined) throw new FormRefusal(403);
  const own = form === 'classic' ? file.copy() : createHash('md5').update(file.copy().digest());
  const expected = own.update(Buffer.from(secret + salt, 'hex')).digest();
  if (!timingSafeEqual(expected, Buffer.from(given, 'hex'))) throw new FormRefusal(401);
}

function refuseForm(
  request: IncomingMessage,
  response: ServerResponse,
  code: FormCode,
): Promise<void> {
  const text = JSON.stringify({ code, message: FORM_MESSAGES[code] });
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  return refuse(request, response, 200, headers, text);
}
