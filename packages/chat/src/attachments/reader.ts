import { downloadFile, type FileLocation } from '@dimp/client/files';
import type { BlobStore } from '@dimp/core';
import { sha256 } from '@dimp/crypto/digests';
import type { Content } from '@dimp/dkd';
import type { ArrayBody } from '@dimp/endpoint';
import {
  decodeTed,
  definedOnly,
  encodeHex,
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
  utf8Encode,
} from '@dimp/foundation';
import { attachmentsOf } from '../conversations/attachments-of.ts';
import type { AttachmentReader, HistoryAccess } from '../conversations/plugins.ts';
import type { MessageRecord } from '../history/message-record.ts';
import type { AttachmentOptions } from '../model/chats.ts';
import { BlobCache } from './blob-cache.ts';
import type { LocalBlobs } from './local-blobs.ts';
import { sniffType } from './sniff.ts';

/** Largest file by default, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Options for {@link attachments}. */
export interface AttachmentsOptions {
  /** Fetches files; see `httpBlobStore`. */
  readonly blobs: BlobStore;
  /** Keeps fetched files on this device, encrypted as they were fetched; none are kept by default. */
  readonly local?: LocalBlobs;
  /** Most bytes that are kept; 512 MiB by default. */
  readonly quota?: number;
}

/**
 * Reads the files of messages for `Chats`: from the message, from this device, or from the network.
 *
 * @example
 * ```ts
 * const chats = new Chats({ facebook, attachments: attachments({ blobs: httpBlobStore(), local: fileBlobs(folder) }) });
 * const picture = await chat.attachment(message.ref);
 * ```
 */
export function attachments(
  options: AttachmentsOptions,
): (access: HistoryAccess) => AttachmentReader {
  return (access) => new FetchingReader(access, options);
}

class FetchingReader implements AttachmentReader {
  readonly #access: HistoryAccess;
  readonly #blobs: BlobStore;
  readonly #cache: BlobCache | undefined;

  constructor(access: HistoryAccess, { blobs, local, quota }: AttachmentsOptions) {
    this.#access = access;
    this.#blobs = blobs;
    const now = (): number => access.history.clock.now();
    this.#cache =
      local === undefined ? undefined : new BlobCache({ local, now, ...definedOnly({ quota }) });
  }

  async read(id: string, message: MessageRecord, options: AttachmentOptions): Promise<Blob> {
    const { index = 0, max = MAX_BYTES, signal } = options;
    const attachment = attachmentsOf(message.kind, message.content)[index];
    if (attachment === undefined) throw missing();
    const location = await this.#location(id, message, index);
    const onProgress = (done: number): void => options.onProgress?.(done, attachment);
    const limits = { maxBytes: max, onProgress, ...definedOnly({ signal }) };
    const name = nameOf(location);
    const kept = name === undefined ? undefined : await this.#cache?.get(name);
    if (name !== undefined && kept !== undefined) {
      try {
        return await blobOf(downloadFile(keptStore(kept), location, limits));
      } catch (error) {
        // The file on this device is damaged; fetch it again.
        if (!isProtocolError(error, 'crypto/decrypt')) throw error;
        await this.#cache?.delete(name);
      }
    }
    const fetching = new KeepingStore(this.#blobs);
    const blob = await blobOf(downloadFile(fetching, location, limits));
    if (name !== undefined) await this.#keep(name, fetching.pieces);
    return blob;
  }

  async forget({ content }: MessageRecord): Promise<void> {
    const contents = ownMember(content, 'contents');
    const parts = Array.isArray(contents) ? [content, ...contents] : [content];
    for (const part of parts) {
      const url =
        typeof part === 'object' && part !== null ? ownMember(part as JsonObject, 'URL') : '';
      if (typeof url === 'string' && url !== '') await this.#cache?.delete(cacheName(url));
    }
  }

  /** A full disk must not hide a file that was fetched. */
  async #keep(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    const { background } = this.#access;
    try {
      await this.#cache?.put(name, pieces);
    } catch (error) {
      background(() => Promise.reject(error));
    }
  }

  async #location(
    id: string,
    { ref, content }: MessageRecord,
    index: number,
  ): Promise<FileLocation> {
    const { protocol } = this.#access.facebook;
    const read: Content = protocol.contents.parse(content);
    const file = read.kind === 'array' ? (read.body as ArrayBody).contents[index] : read;
    if (file === undefined) throw missing();
    const stored = await this.#access.history.fileData(id, ref, index);
    const data = stored === undefined ? undefined : decodeTed(stored);
    return { ...(file.body as FileLocation), ...(data ? { data } : {}) };
  }
}

/** Keeps the bytes that it fetches. */
class KeepingStore implements BlobStore {
  readonly upload: BlobStore['upload'];
  readonly #blobs: BlobStore;
  pieces: Uint8Array[] = [];

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
    this.upload = (source, options) => blobs.upload(source, options);
  }

  async *download(...[url, options = {}]: Parameters<BlobStore['download']>) {
    this.#cut(options.offset ?? 0);
    for await (const piece of this.#blobs.download(url, options)) {
      this.pieces.push(piece.slice());
      yield piece;
    }
  }

  /** After a broken connection, some bytes may be fetched twice. */
  #cut(offset: number): void {
    let left = offset;
    const kept: Uint8Array[] = [];
    for (const piece of this.pieces) {
      if (left <= 0) break;
      kept.push(piece.subarray(0, left));
      left -= piece.length;
    }
    this.pieces = kept;
  }
}

/** Serves the bytes of one file. */
function keptStore(bytes: Uint8Array): BlobStore {
  return {
    upload: () => Promise.reject(missing()),
    async *download(_, { offset = 0 } = {}) {
      yield bytes.subarray(offset);
    },
  };
}

/** A file without a key of its own would lie on the device in the clear, so it is not kept. */
function nameOf({ URL: url, key, data }: FileLocation): string | undefined {
  if (url === undefined || data !== undefined || key === undefined) return undefined;
  return String(key['algorithm']).toUpperCase() === 'PLAIN' ? undefined : cacheName(url);
}

/** The name says nothing about where the file came from. */
function cacheName(url: string): string {
  return encodeHex(sha256(utf8Encode(url)));
}

async function blobOf(download: AsyncIterable<Uint8Array>): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of download) pieces.push(new Uint8Array(piece));
  const [first = new Uint8Array()] = pieces;
  return new Blob(pieces, { type: sniffType(first) });
}

function missing(): ProtocolError<'identity/not-found'> {
  return new ProtocolError('identity/not-found', 'the message must have a file at this index');
}
