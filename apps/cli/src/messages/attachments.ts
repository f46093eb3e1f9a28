import { openAsBlob } from 'node:fs';
import { constants, copyFile, link, mkdir, open, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import {
  downloadFile,
  type FileLocation,
  fileFormatFor,
  httpBlobStore,
  uploadFile,
} from '@dimp/client/files';
import type { Draft } from '@dimp/dkd';
import { File, Image } from '@dimp/extensions/contents';
import { encodeHex, ProtocolError, randomBytes } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { filesOf } from '../account/stations.ts';
import type { Context } from '../terminal/context.ts';
import { isSystemError, usage } from '../terminal/failure.ts';
import { readInput, unreadable, unwritable } from '../terminal/files.ts';
import { Progress } from '../terminal/progress.ts';
import { oneLine } from '../terminal/text.ts';
import type { Connection } from './connection.ts';

/** Options for uploads and downloads. */
export interface FileOptions {
  /** Folder URL of a file server, instead of the station's. */
  readonly files?: string;
}

/** A file to send. */
export interface Attachment {
  readonly path: string;
  readonly kind: 'file' | 'image';
  /** Path of a small picture that is shown before the file is downloaded. */
  readonly thumbnail?: string;
}

/** Limit for a thumbnail, which is part of the message. */
const MAX_THUMBNAIL_BYTES = 64 * 1024;

/** Encrypts and uploads a file. @returns the content to send */
export async function attach(
  { path, kind, thumbnail }: Attachment,
  receiver: ID,
  { files }: FileOptions,
  connection: Connection,
  context: Context,
): Promise<Draft<'file', FileLocation> | Draft<'image', FileLocation>> {
  const preview =
    thumbnail === undefined ? undefined : await readInput(thumbnail, MAX_THUMBNAIL_BYTES, context);
  const blob = await openFile(path);
  const blobs = httpBlobStore({
    url: files ?? filesOf(connection.station()),
    headers: () => headersOf(context),
  });
  using progress = new Progress(oneLine(basename(path)), 'upload', context);
  const uploaded = await uploadFile(blobs, blob, {
    format: await fileFormatFor(connection.messenger.facebook, receiver),
    filename: basename(path),
    signal: context.signal,
    onProgress: (done, total) => progress.show(done, total),
  });
  if (kind === 'file') return File.create(uploaded);
  return Image.create({
    ...uploaded,
    ...(preview === undefined ? {} : { thumbnail: { data: preview } }),
  });
}

/** @throws `file/unreadable` */
async function openFile(path: string): Promise<Blob> {
  try {
    // `openAsBlob` does not report why it fails.
    const file = await open(path, 'r');
    const isFile = (await file.stat()).isFile();
    await file.close();
    if (!isFile) throw usage(`${path} is not a file`);
    return await openAsBlob(path);
  } catch (error) {
    throw isSystemError(error) ? unreadable(path, error) : error;
  }
}

/** Options for {@link save}. */
export interface SaveOptions extends FileOptions {
  /** Folder of the saved file. */
  readonly save: string;
  /** Hosts that files may be downloaded from, in addition to the stations. */
  readonly allowHost?: readonly string[];
}

/** Characters that are invalid in file names on some systems, or separate folders. */
const UNSAFE = /[^\p{L}\p{N}._ ()+-]/gu;
const MAX_NAME = 100;

/**
 * Downloads and verifies a file, and saves it in a folder under a new name. Never overwrites a file, and never shows a file
 * before it is verified.
 *
 * @returns path of the file
 */
export async function save(
  location: FileLocation,
  { save: folder, files, allowHost = [] }: SaveOptions,
  connection: Connection,
  context: Context,
): Promise<string> {
  const known = [...connection.stations.map(filesOf), ...(files === undefined ? [] : [files])];
  const hosts = new Set([...known.map((url) => new URL(url).host), ...allowHost]);
  // The sender chose the URL, so only servers that the user has chosen are contacted.
  const blobs = httpBlobStore({
    url: known[0] ?? 'http://localhost/',
    allow: ({ host, hostname }) => hosts.has(host) || hosts.has(hostname),
  });
  const name = safeName(location.filename);
  const partial = join(folder, `.${encodeHex(randomBytes(8))}.part`);
  using progress = new Progress(name, 'download', context);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(partial, 'wx', 0o600);
    try {
      const download = downloadFile(blobs, location, {
        signal: context.signal,
        onProgress: (done, total) => progress.show(done, total),
      });
      for await (const bytes of download) await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return await place(partial, folder, name);
  } catch (error) {
    throw isSystemError(error) && 'syscall' in error ? unwritable(folder, error) : error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Moves a file to its name, or to the next free one. */
async function place(partial: string, folder: string, name: string): Promise<string> {
  const extension = extname(name);
  const stem = basename(name, extension);
  for (let number = 0; number < 10_000; number++) {
    const path = join(folder, number === 0 ? name : `${stem} (${number})${extension}`);
    try {
      await linkOrCopy(partial, path);
      return path;
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    }
  }
  throw new ProtocolError(
    'store/conflict',
    `${folder} has too many files with the name ${oneLine(name)}`,
  );
}

/** Links a file, or copies it on file systems without links. @throws EEXIST if the target exists */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isSystemError(error) || error.code === 'EEXIST') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** Converts a file name that the sender chose to one that stays in its folder. */
export function safeName(filename: string | undefined): string {
  const last = (filename ?? '').split(/[/\\]/).at(-1) ?? '';
  const name = last
    .normalize('NFC')
    .replace(UNSAFE, '_')
    .replace(/^[. ]+/, '')
    .slice(-MAX_NAME)
    .trim();
  return name === '' ? 'file' : name;
}

function headersOf({ env }: Pick<Context, 'env'>): Readonly<Record<string, string>> {
  const token = env['DIM_FILES_TOKEN'];
  if (token === undefined || token === '') return {};
  if (!/^[\x21-\x7e]+$/.test(token)) throw usage('DIM_FILES_TOKEN must be a token without spaces');
  return { Authorization: `Bearer ${token}` };
}
