import { type BlobSource, type BlobStore, systemRandom, systemTimers } from '@dimp/core';
import { runningMd5, runningSha256 } from '@dimp/crypto/digests';
import {
  decodeTed,
  definedOnly,
  encodeHex,
  encodeTed,
  equalBytes,
  fieldError,
  ownMember,
  randomBytes,
} from '@dimp/foundation';
import { slice } from './cipher.ts';
import type { FileFormat, UploadedFile } from './file-location.ts';
import { DEFAULT_RETRY_POLICY, Retry } from './retry.ts';
import { CHUNK_LENGTH, STREAM_ALGORITHM, StreamSource, streamKey } from './stream-format.ts';
import type { TransferOptions } from './transfer-options.ts';
import { readTicket, type UploadFacts, type UploadTicket, writeTicket } from './upload-ticket.ts';
import { WholeSource, wholeKey } from './whole-format.ts';

/** Options for {@link uploadFile}. */
export interface UploadFileOptions extends TransferOptions {
  readonly format: FileFormat;
  /** Name for the receiver; the file's own by default. Whole files are named by their MD5, as older peers require. */
  readonly filename?: string;
  /** Called before the first byte leaves. The ticket resumes the upload after a restart. */
  readonly onTicket?: (ticket: UploadTicket) => void;
  /** Ticket of an earlier upload of the same file, which is resumed. */
  readonly resume?: UploadTicket;
}

/** Bytes that are read at a time to compute a digest. */
const READ_LENGTH = 1024 * 1024;

/**
 * Encrypts and uploads a file, in constant memory. After a broken connection it goes on where it stopped.
 *
 * It reads the file twice: its SHA-256 goes into the key, so that the key encrypts no other bytes.
 *
 * @param file - in Node from `fs.openAsBlob`; bytes are copied
 * @returns members for the body of the content
 * @throws the codes of `BlobStore.upload`; `store/unavailable` if the file can no longer be read, or is another one
 *   than before; `format/field` for a ticket that is damaged, or of another file; the reason of `signal`
 *
 * @example
 * ```ts
 * const photo = await uploadFile(blobs, file, { format: 'stream' });
 * await messenger.send(Image.create({ ...photo, thumbnail: { data: preview } }), hulk);
 * ```
 */
export async function uploadFile(
  blobs: BlobStore,
  file: Blob | Uint8Array,
  options: UploadFileOptions,
): Promise<UploadedFile> {
  const { signal, onProgress, retry, resume } = options;
  const { timers = systemTimers, random = systemRandom } = options;
  signal?.throwIfAborted();
  const blob = file instanceof Blob ? file : new Blob([file as Uint8Array<ArrayBuffer>]);
  const digests = await digestsOf(blob, options.format, signal);
  const facts = resume === undefined ? newFacts(blob, digests, options) : readTicket(resume);
  if (facts.size !== blob.size || !equalBytes(facts.sha256, digests.sha256)) {
    throw fieldError('ticket', 'must belong to this file');
  }
  const source = await sourceOf(blob, facts);
  options.onTicket?.(writeTicket(facts));
  const trying = new Retry({ ...DEFAULT_RETRY_POLICY, ...retry }, timers, random);
  let furthest = 0;
  const report = (sent: number): void => {
    if (sent > furthest) trying.progress();
    furthest = Math.max(furthest, sent);
    onProgress?.(sent, source.size);
  };
  const { name, filename, key, IV, size, sha256 } = facts;
  for (let again = resume !== undefined; ; again = true) {
    try {
      const URL = await blobs.upload(source, {
        name,
        resume: again,
        onProgress: report,
        ...definedOnly({ signal }),
      });
      return { URL, filename, key, ...definedOnly({ IV }), size, sha256 };
    } catch (error) {
      await trying.afterFailure(error, signal);
    }
  }
}

interface FileDigests {
  readonly sha256: Uint8Array;
  /** Only for whole files, which are named by it (spec §13.1). */
  readonly md5?: Uint8Array;
}

async function digestsOf(
  file: Blob,
  format: FileFormat,
  signal: AbortSignal | undefined,
): Promise<FileDigests> {
  const sha256 = runningSha256();
  const md5 = format === 'whole' ? runningMd5() : undefined;
  for (let start = 0; start < file.size; start += READ_LENGTH) {
    signal?.throwIfAborted();
    const bytes = await slice(file, start, Math.min(start + READ_LENGTH, file.size));
    sha256.update(bytes);
    md5?.update(bytes);
  }
  return { sha256: sha256.digest(), ...(md5 === undefined ? {} : { md5: md5.digest() }) };
}

function newFacts(
  file: Blob & { readonly name?: unknown },
  { sha256, md5 }: FileDigests,
  { format, filename }: UploadFileOptions,
): UploadFacts {
  const own = filename ?? (typeof file.name === 'string' ? file.name : 'file');
  const extension = extensionOf(own);
  const secret = encodeTed(randomBytes(32));
  const name = encodeHex(randomBytes(16)) + extension;
  const facts = { format, name, size: file.size, sha256 };
  if (md5 === undefined) {
    const key = { algorithm: STREAM_ALGORITHM, chunk: CHUNK_LENGTH, data: secret };
    return { ...facts, filename: own, key };
  }
  const IV = randomBytes(16);
  const key = { algorithm: 'AES', data: secret, iv: encodeTed(IV) };
  return { ...facts, filename: encodeHex(md5) + extension, key, IV };
}

async function sourceOf(
  file: Blob,
  { format, key, IV, size, sha256 }: UploadFacts,
): Promise<BlobSource> {
  const secret = decodeTed(ownMember(key, 'data'));
  if (secret?.length !== 32) throw fieldError('key', 'must be 32 bytes');
  if (format === 'stream') {
    if (ownMember(key, 'chunk') !== CHUNK_LENGTH)
      throw fieldError('key', 'must have the chunk length of this version');
    const facts = { size, sha256, chunk: CHUNK_LENGTH };
    return new StreamSource(file, await streamKey(secret, facts), CHUNK_LENGTH);
  }
  if (IV?.length !== 16) throw fieldError('IV', 'must be 16 bytes');
  return new WholeSource(file, await wholeKey(secret), IV);
}

/** The server learns only the extension of a name. An unusual extension is left out. */
function extensionOf(filename: string): string {
  return /\.[0-9a-z]{1,8}$/.exec(filename.toLowerCase())?.[0] ?? '';
}
