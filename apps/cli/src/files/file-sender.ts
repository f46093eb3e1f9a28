import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Facebook } from '@dimp/client';
import { downloadFile, type FileFormat, fileFormatFor, uploadFile } from '@dimp/client/files';
import type { BlobStore } from '@dimp/core';
import { definedOnly, isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { failureOf, isSystemError, usage } from '../terminal/failure.ts';
import { unreadable } from '../terminal/files.ts';
import type { FileSpool } from './spool.ts';
import type { WaitingFile, WaitingFiles } from './waiting-files.ts';

/** A file to send. */
export interface NewFile {
  /** An absolute path. */
  readonly path: string;
  readonly kind: 'file' | 'image';
  readonly receiver: ID;
  /** A small picture that is shown before the file is downloaded. */
  readonly thumbnail?: Uint8Array;
  /** Folder URL of a file server, instead of the station's. */
  readonly server?: string;
  /** Bearer token of the file server. */
  readonly token?: string;
  /** Ref of the message that the file answers. */
  readonly replyTo?: string;
}

/** What happens to a waiting file. */
export interface FileReport {
  readonly id: string;
  readonly receiver: string;
  readonly filename: string;
  readonly state: 'queued' | 'uploading' | 'sent' | 'failed';
  /** Encrypted bytes that the server has, in the state `uploading`. */
  readonly done?: number;
  /** Encrypted bytes in all. */
  readonly total?: number;
  /** Ref of the message, in the state `sent`. */
  readonly ref?: string;
  /** Code of the error of the last attempt. */
  readonly error?: string;
  readonly message?: string;
}

/** What a {@link FileSender} uses. */
export interface FileSenderParts {
  readonly spool: FileSpool;
  readonly waiting: WaitingFiles;
  readonly facebook: Facebook;
  /** The file server to upload to. */
  readonly server: (file: Pick<WaitingFile, 'server' | 'token'>) => BlobStore;
  /** Whether there is a connection; without one nothing is tried. */
  readonly isOnline: () => boolean;
  /** Waits a short time for the visas of the receivers, which say which formats they can read. */
  readonly visas: (receiver: ID) => Promise<boolean>;
  /**
   * Sends the message of an uploaded file, unless that was done before.
   *
   * @returns ref of the message
   */
  readonly send: (file: WaitingFile & { readonly url: string }) => Promise<string>;
  readonly onReport: (report: FileReport) => void;
  /** Called if the store fails; the files stay. */
  readonly onFailure: (error: unknown) => void;
  readonly readID: (text: string) => ID;
}

/** Pause after the first failed attempt to upload, in milliseconds; each further pause is twice as long. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Sends files. A file is encrypted into the folder of the profile first, so it survives the end of the program and changes of the
 * original. It is uploaded when there is a connection, and its message is sent when all of it is at the server.
 */
export class FileSender {
  readonly #parts: FileSenderParts;
  readonly #stop = new AbortController();
  /** Attempts that are running, by file. */
  readonly #running = new Map<string, AbortController>();
  #work: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #failures = 0;

  constructor(parts: FileSenderParts) {
    this.#parts = parts;
  }

  /**
   * Takes a file. Resolves when its encrypted bytes are on disk.
   *
   * @throws `file/unreadable`, `file/unwritable`; `usage` for a folder
   */
  async add(file: NewFile, signal?: AbortSignal): Promise<WaitingFile> {
    const { spool, waiting } = this.#parts;
    const { path, kind, receiver } = file;
    const blob = await openFile(path);
    const format = (await this.#formatFor(receiver)) ?? 'stream';
    const options = { format, filename: basename(path), ...definedOnly({ signal }) };
    const { URL, filename, key, IV, size, sha256 } = await uploadFile(spool, blob, options);
    const record: WaitingFile = {
      id: waiting.nextID(),
      receiver: receiver.text,
      kind,
      created: Date.now(),
      format,
      name: nameOf(URL),
      // Whole files are named by their digest, which is decided when they leave.
      filename: format === 'stream' ? basename(path) : filename,
      key,
      size,
      sha256,
      ...definedOnly({
        IV,
        thumbnail: file.thumbnail,
        server: file.server,
        token: file.token,
        replyTo: file.replyTo,
      }),
    };
    await waiting.put(record);
    this.#report(record, 'queued');
    this.wake();
    return record;
  }

  /** Uploads and sends what waits. Call it when there is a connection. */
  wake(): void {
    if (!this.#parts.isOnline()) return;
    this.#failures = 0;
    this.#wake?.();
    this.#work ??= this.#run()
      .catch((error: unknown) => this.#parts.onFailure(error))
      .finally(() => {
        this.#work = undefined;
      });
  }

  /** Tries a file again that has failed. */
  async retry(id: string): Promise<void> {
    const { error: _, ...file } = await this.#required(id);
    await this.#parts.waiting.put(file);
    this.#report(file, 'queued');
    this.wake();
  }

  /** Forgets a file. It is not sent. */
  async discard(id: string): Promise<void> {
    const file = await this.#required(id);
    this.#running.get(id)?.abort(new ProtocolError('state/stopped', 'the file was discarded'));
    await this.#forget(file);
  }

  /** Whether a file is being uploaded at this moment. */
  isUploading(id: string): boolean {
    return this.#running.has(id);
  }

  /** Resolves when nothing waits, or the signal is aborted. */
  async idle(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#work, aborted]);
  }

  async close(): Promise<void> {
    this.#stop.abort(new ProtocolError('state/stopped', 'the program ends'));
    this.#wake?.();
    await this.#work;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted && this.#parts.isOnline()) {
      const all = await this.#parts.waiting.all();
      const open = all.filter(({ error }) => error === undefined);
      if (open.length === 0) return;
      const before = this.#failures;
      const blocked = new Set<string>();
      for (const file of open) {
        // Files for one receiver arrive in their order.
        if (this.#stop.signal.aborted || blocked.has(file.receiver)) continue;
        if (!(await this.#attempt(file))) blocked.add(file.receiver);
      }
      if (blocked.size > 0) await this.#pause(before);
    }
  }

  /** @returns whether the file needs no further attempt */
  async #attempt(file: WaitingFile): Promise<boolean> {
    const abort = new AbortController();
    this.#running.set(file.id, abort);
    try {
      const signal = AbortSignal.any([abort.signal, this.#stop.signal]);
      const ready = await this.#recoded(file, signal);
      const url = ready.url ?? (await this.#uploaded(ready, signal));
      const ref = await this.#parts.send({ ...ready, url });
      await this.#forget(ready);
      this.#report(ready, 'sent', { ref });
      this.#failures = 0;
      return true;
    } catch (error) {
      if (abort.signal.aborted) return true;
      if (this.#stop.signal.aborted) return false;
      const { code, message } = failureOf(error);
      const isFinal = !(isProtocolError(error) && error.retryable);
      if (isFinal) await this.#fail(file.id, code);
      this.#report(file, isFinal ? 'failed' : 'queued', { error: code, message });
      return isFinal;
    } finally {
      this.#running.delete(file.id);
    }
  }

  /** Keeps the error with what the attempt has stored: other bytes in the spool, or the URL. */
  async #fail(id: string, error: string): Promise<void> {
    const stored = await this.#parts.waiting.get(id);
    if (stored !== undefined) await this.#parts.waiting.put({ ...stored, error });
  }

  async #uploaded(file: WaitingFile, signal: AbortSignal): Promise<string> {
    const { spool, server, waiting } = this.#parts;
    await using source = await spool.source(file.name);
    const total = source.size;
    this.#report(file, 'uploading', { done: 0, total });
    const url = await server(file).upload(source, {
      name: file.name,
      resume: true,
      signal,
      onProgress: (done) => this.#report(file, 'uploading', { done, total }),
    });
    signal.throwIfAborted();
    await waiting.put({ ...file, url });
    return url;
  }

  /** The file in a format that its receivers can read. The one that was chosen without knowing them may be another. */
  async #recoded(file: WaitingFile, signal: AbortSignal): Promise<WaitingFile> {
    const { spool, waiting, visas, facebook, readID } = this.#parts;
    if (file.url !== undefined || file.format === 'whole') return file;
    const receiver = readID(file.receiver);
    await visas(receiver);
    const format = await fileFormatFor(facebook, receiver);
    if (format === file.format) return file;
    const { name, key, size, sha256 } = file;
    const plain = await downloadFile(spool, { URL: `spool:${name}`, key, size, sha256 }).blob();
    const made = await uploadFile(spool, plain, { format, filename: file.filename, signal });
    const recoded: WaitingFile = {
      ...file,
      format,
      name: nameOf(made.URL),
      filename: made.filename,
      key: made.key,
      ...definedOnly({ IV: made.IV }),
    };
    if (signal.aborted) await spool.remove(recoded.name);
    signal.throwIfAborted();
    await waiting.put(recoded);
    await spool.remove(name);
    return recoded;
  }

  /** The format that all receivers can read; undefined if not all of them are known. */
  async #formatFor(receiver: ID): Promise<FileFormat | undefined> {
    const { facebook } = this.#parts;
    const readers = receiver.isGroup ? await facebook.members(receiver) : [receiver];
    for (const reader of readers) {
      if (!receiver.isBroadcast && (await facebook.document(reader)) === undefined)
        return undefined;
    }
    return fileFormatFor(facebook, receiver);
  }

  async #required(id: string): Promise<WaitingFile> {
    const file = await this.#parts.waiting.get(id);
    if (file !== undefined) return file;
    throw new ProtocolError('identity/not-found', 'no such file waits');
  }

  async #forget({ id, name }: WaitingFile): Promise<void> {
    await this.#parts.waiting.remove(id);
    await this.#parts.spool.remove(name);
  }

  #report(
    { id, receiver, filename }: WaitingFile,
    state: FileReport['state'],
    facts: Pick<FileReport, 'done' | 'total' | 'ref' | 'error' | 'message'> = {},
  ): void {
    this.#parts.onReport({ id, receiver, filename, state, ...facts });
  }

  /** Waits before the next attempt, or for {@link FileSender.wake}. */
  async #pause(failures: number): Promise<void> {
    this.#failures = failures + 1;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    const { signal } = woken;
    if (!this.#stop.signal.aborted) {
      await pause(longest, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.#wake = undefined;
  }
}

function nameOf(url: string): string {
  return url.replace(/^spool:/, '');
}

/** @throws `file/unreadable`; `usage` for a folder */
async function openFile(path: string): Promise<Blob> {
  if (!(await isFile(path))) throw usage(`${path} is not a file`);
  return openAsBlob(path);
}

/** Opens the file, because `openAsBlob` does not report why it fails. */
async function isFile(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    return (await file.stat()).isFile();
  } catch (error) {
    throw isSystemError(error) ? unreadable(path, error) : error;
  }
}
