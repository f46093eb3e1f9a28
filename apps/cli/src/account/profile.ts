import { chmod, mkdir, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Facebook } from '@dimp/client';
import type { Store } from '@dimp/core';
import {
  decodeHex,
  encodeHex,
  isProtocolError,
  ProtocolError,
  randomBytes,
} from '@dimp/foundation';
import type { User } from '@dimp/mkm';
import { encryptedStore, unlockedBy } from '@dimp/store-encrypted';
import { lmdbReader, lmdbStore } from '@dimp/store-lmdb';
import type { Context } from '../terminal/context.ts';
import { CommandFailure, failureOf, isSystemError, usage } from '../terminal/failure.ts';
import { readText, unreadable, unwritable, writeSecret } from '../terminal/files.ts';
import { locatedStore, withLocation } from './located-store.ts';
import { passphraseFrom } from './passphrase.ts';
import { type AppProtocol, protocol } from './protocol.ts';
import { usualFolder } from './usual-folder.ts';

const DEFAULT_PROFILE = 'default';
/** Names that are valid folder names on every system and stay in the data folder. */
const PROFILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Names that Windows reserves for devices. */
const DEVICE_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;
const KEY_BYTES = 32;
/** Delay between two attempts to open a store that another program uses. */
const RETRY_MS = 100;

type Unlock = Parameters<typeof encryptedStore>[1];

/**
 * An identity with its keys, contacts and messages, in a folder that only the user can read. Everything in it is encrypted
 * with a passphrase, or with a key file beside the store.
 */
export interface Profile extends AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly store: Store;
  readonly facebook: Facebook<AppProtocol>;
}

/** How a command uses a profile. `read` also works if the disk is full or read-only. */
export type Access = 'read' | 'write';

/** How a new profile is protected. */
export interface NewProfile {
  /** False for a key file beside the store instead of a passphrase. */
  readonly passphrase: boolean;
}

/** Name and paths of a profile, which may not exist. */
interface Place {
  readonly name: string;
  readonly data: string;
  readonly folder: string;
  readonly store: string;
  readonly key: string;
}

/** The place of the profile that the options name. @throws `usage` for an invalid name */
function placeOf({ options, env }: Pick<Context, 'options' | 'env'>): Place {
  const name = options.profile ?? DEFAULT_PROFILE;
  if (!PROFILE_NAME.test(name) || DEVICE_NAME.test(name)) {
    throw usage(
      'the name of a profile must be at most 64 letters, digits, ".", "_" and "-", and start with a letter or digit',
    );
  }
  const data = resolve(options.data ?? (env['DIM_DATA'] || undefined) ?? usualFolder(env));
  const folder = join(data, name);
  return { name, data, folder, store: join(folder, 'store'), key: join(folder, 'key') };
}

/** Folder of the profile that the options name, which may not exist. @throws `usage` for an invalid name */
export function profileFolder(context: Pick<Context, 'options' | 'env'>): string {
  return placeOf(context).folder;
}

/** Whether the profile that the options name exists. */
export async function profileExists(context: Pick<Context, 'options' | 'env'>): Promise<boolean> {
  return exists(placeOf(context).store);
}

/**
 * Opens the profile.
 *
 * @throws `identity/not-found` if it does not exist; `crypto/passphrase`; `store/conflict` if another program has it open;
 *   `policy/unauthorized` for a key file that other users can read
 */
export async function openProfile(context: Context, access: Access = 'write'): Promise<Profile> {
  const place = placeOf(context);
  if (!(await exists(place.store))) throw noProfile(place);
  return unlock(place, context, { access, isNew: false });
}

/** Opens the profile as {@link openProfile} does, and creates it if it does not exist. */
export async function createProfile(
  context: Context,
  { passphrase }: NewProfile,
): Promise<Profile> {
  const place = placeOf(context);
  const isNew = !(await exists(place.store));
  await makeFolders(place);
  if (isNew && !passphrase && !(await exists(place.key))) {
    await writeSecret(place.key, `${encodeHex(randomBytes(KEY_BYTES))}\n`);
  }
  return unlock(place, context, { access: 'write', isNew });
}

/**
 * The identity of a profile.
 *
 * @throws `identity/not-found` if it has none yet
 */
export async function userOf({ facebook, name }: Profile): Promise<User> {
  const user = await facebook.currentUser();
  if (user === undefined) {
    throw new ProtocolError(
      'identity/not-found',
      `profile "${name}" has no identity: dim register`,
    );
  }
  return user;
}

/** @throws `identity/exists` if the profile has an identity: a new one would replace it */
export async function requireNoIdentity({ facebook, name }: Profile): Promise<void> {
  const user = await facebook.currentUser();
  if (user === undefined) return;
  throw new CommandFailure(
    'identity/exists',
    `profile "${name}" already has an identity, ${user.id.text}; --profile names another profile`,
    { facts: { id: user.id.text } },
  );
}

async function unlock(
  place: Place,
  context: Context,
  { access, isNew }: { readonly access: Access; readonly isNew: boolean },
): Promise<Profile> {
  try {
    return await open(place, await unlockOf(place, context, isNew), context, access);
  } catch (error) {
    if (!isNew && isProtocolError(error, 'crypto/passphrase')) await checkKey(place, context);
    throw error;
  }
}

async function open(place: Place, key: Unlock, context: Context, access: Access): Promise<Profile> {
  const files = locatedStore(await openFiles(place, context, access), place.store);
  const store = await encryptedStore(files, key).catch(async (error: unknown) => {
    await files[Symbol.asyncDispose]();
    throw wrongPassphrase(error, place);
  });
  const facebook = new Facebook({ protocol, store });
  return {
    name: place.name,
    folder: place.folder,
    store,
    facebook,
    async [Symbol.asyncDispose]() {
      await facebook[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Opens the store. Waits for another program that has it open, for up to `--wait` seconds. */
async function openFiles(place: Place, context: Context, access: Access): Promise<Store> {
  const { options, signal, output } = context;
  const end = Date.now() + (options.wait ?? 0) * 1000;
  for (;;) {
    try {
      return await lmdbStore({ path: place.store });
    } catch (error) {
      if (!isProtocolError(error, 'store/conflict')) {
        const failure = withLocation(error, place.store);
        if (access === 'write' || !isUnwritable(error)) throw failure;
        const store = await lmdbReader({ path: place.store }).catch(() => undefined);
        if (store === undefined) throw failure;
        output.note(`the profile can only be read: ${failureOf(failure).message}`);
        return store;
      }
      if (Date.now() >= end) throw inUse(place, error);
    }
    await pause(RETRY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Whether the disk or its permissions prevent writing, but perhaps not reading. */
function isUnwritable(error: unknown): boolean {
  if (!isProtocolError(error)) return false;
  const { cause } = error.details;
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].some(
    (name) => cause === name || cause === constants.errno[name as keyof typeof constants.errno],
  );
}

async function unlockOf(place: Place, context: Context, isNew: boolean): Promise<Unlock> {
  if (await exists(place.key)) return { key: await readKey(place, context) };
  const { options, env } = context;
  // Do not ask for the passphrase of a profile that has a key file.
  const asks = options.passphraseFile === undefined && !env['DIM_PASSPHRASE'];
  if (!isNew && asks) await checkKey(place, context);
  const passphrase = await passphraseFrom(
    {
      question: isNew
        ? `New passphrase of profile "${place.name}"`
        : `Passphrase of profile "${place.name}"`,
      file: options.passphraseFile,
      variable: 'DIM_PASSPHRASE',
      option: '--passphrase-file',
      isNew,
    },
    context,
  );
  return { passphrase };
}

/** @throws `file/unreadable` if the profile is protected by a key file and the file is missing */
async function checkKey(place: Place, context: Context): Promise<void> {
  if (await exists(place.key)) return;
  const files = await openFiles(place, context, 'read');
  try {
    if ((await unlockedBy(files)) !== 'key') return;
  } finally {
    await files[Symbol.asyncDispose]();
  }
  throw new CommandFailure(
    'file/unreadable',
    `profile "${place.name}" is protected by a key file, and ${place.key} is missing: without this file nothing can be read`,
  );
}

async function readKey({ key }: Place, context: Context): Promise<Uint8Array> {
  const { mode } = await stat(key);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new ProtocolError(
      'policy/unauthorized',
      `other users can read the key of the profile: chmod 600 ${key}`,
    );
  }
  const damaged = new ProtocolError('store/corrupt', `the key of the profile is damaged: ${key}`);
  const text = await readText(key, 1024, context);
  try {
    const bytes = decodeHex(text);
    if (bytes.length === KEY_BYTES) return bytes;
  } catch {
    // The cause is left out, because it may contain the key.
  }
  throw damaged;
}

async function makeFolders({ data, folder }: Place): Promise<void> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    // Not recursive, so that the error of the system names this folder.
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
    });
    await chmod(folder, 0o700);
  } catch (error) {
    if (isSystemError(error)) throw unwritable(folder, error);
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // A path without permission is not a missing one.
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw unreadable(path, error);
    return false;
  }
}

function noProfile({ name }: Place): ProtocolError {
  return new ProtocolError(
    'identity/not-found',
    `profile "${name}" does not exist: dim register creates it`,
  );
}

function inUse({ name }: Place, cause: ProtocolError<'store/conflict'>): ProtocolError {
  return new ProtocolError('store/conflict', `another program has profile "${name}" open`, {
    details: cause.details,
  });
}

function wrongPassphrase(error: unknown, { name }: Place): unknown {
  if (!isProtocolError(error, 'crypto/passphrase')) return error;
  return new ProtocolError('crypto/passphrase', `the passphrase of profile "${name}" is wrong`);
}
