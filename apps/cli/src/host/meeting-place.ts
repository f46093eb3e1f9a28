import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { decodeHex, encodeHex, isJsonObject, parseJson, randomBytes } from '@dimp/foundation';
import { isSystemError } from '../terminal/failure.ts';

/** Where the process that has a profile open can be reached, and the secret that both sides must know. */
export interface MeetingPlace {
  /** ID of the process, for messages. */
  readonly pid: number;
  /** Path of a socket, or name of a pipe. */
  readonly address: string;
  /** 32 bytes, new for each process. */
  readonly secret: Uint8Array;
}

/** Name of the file in the folder of a profile, and of the socket. */
const FILE = 'host.json';
const SOCKET = 'host.sock';
/** Longest path of a socket that all systems accept. */
const MAX_PATH_BYTES = 100;

/** Chooses an address and a secret for this process. */
export function newMeetingPlace(folder: string): MeetingPlace {
  const secret = randomBytes(32);
  // A pipe has no folder that protects it. Its name is new each time, so no other program can take it before.
  const pipe = `\\\\.\\pipe\\dim-${createHash('sha256').update(secret).digest('hex').slice(0, 32)}`;
  const address = process.platform === 'win32' ? pipe : join(folder, SOCKET);
  return { pid: process.pid, address, secret };
}

/** Writes the file that other processes of the user find this one by. Only the user can read it. */
export async function announce(folder: string, place: MeetingPlace): Promise<void> {
  const path = join(folder, FILE);
  const { pid, address, secret } = place;
  const early = `${path}.${encodeHex(randomBytes(6))}`;
  const text = JSON.stringify({ pid, address, secret: encodeHex(secret) });
  try {
    await writeFile(early, `${text}\n`, { mode: 0o600, flag: 'wx' });
    await rename(early, path);
  } catch (error) {
    await rm(early, { force: true });
    throw error;
  }
}

/** Removes the file and the socket. */
export async function withdraw(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
  if (process.platform !== 'win32') await rm(join(folder, SOCKET), { force: true });
}

/** Reads where the process that has the profile open can be reached; undefined if there is no such file. */
export async function findMeetingPlace(folder: string): Promise<MeetingPlace | undefined> {
  try {
    const wire = parseJson(new Uint8Array(await readFile(join(folder, FILE))));
    if (!isJsonObject(wire)) return undefined;
    const { pid, address, secret } = wire;
    if (typeof pid !== 'number' || typeof address !== 'string' || typeof secret !== 'string') {
      return undefined;
    }
    return { pid, address, secret: decodeHex(secret) };
  } catch (error) {
    // It is being replaced, or a disk that was full has damaged it: the caller tries again.
    if (isSystemError(error) && error.code === 'EACCES') throw error;
    return undefined;
  }
}

/**
 * Calls a function with a path of the socket that the system accepts. A path that is too long is replaced by a link in a private
 * temporary folder.
 */
export async function withAddress<T>(
  { address }: Pick<MeetingPlace, 'address'>,
  task: (address: string) => Promise<T>,
): Promise<T> {
  if (process.platform === 'win32' || Buffer.byteLength(address) <= MAX_PATH_BYTES) {
    return task(address);
  }
  const folder = await mkdtemp(join(tmpdir(), 'dim-'));
  try {
    const link = join(folder, 'profile');
    await symlink(dirname(address), link);
    return await task(join(link, basename(address)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lets only the user open the socket. The mode of the folder already excludes others. */
export async function protectSocket({ address }: Pick<MeetingPlace, 'address'>): Promise<void> {
  if (process.platform !== 'win32') await chmod(address, 0o600);
}
