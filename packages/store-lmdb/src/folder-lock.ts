import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ProtocolError } from '@dimp/foundation';

/** Longest path of a socket that all systems take, in bytes. */
const MAX_PATH = 100;
/** How often somebody looks whether those behind them have given way, in milliseconds, and for how long. */
const POLL = 10;
const PATIENCE = 2000;

/** A socket that is being made; one that listens for somebody who wants the folder; that they have it. */
const NEW = /^\.lock-([0-9a-f]{16})\.new$/;
const CLAIM = /^\.lock-([0-9a-f]{16})\.sock$/;
const held = (id: string): string => `.lock-${id}.held`;

/**
 * Takes a folder for this process, or this thread of it, alone. The kernel keeps the lock: it is a socket in the folder
 * that listens, so it is gone with the thread that has it, however that ended, and it is seen from other containers, whose
 * process numbers mean nothing here.
 *
 * Everybody makes a socket under a name of their own, then looks for others. Who finds one that has the folder, or one of
 * a smaller name, gives way; who is the smallest waits for that. No name is ever used again, so what nobody listens at may
 * be removed by anyone.
 *
 * @returns what gives the folder back; undefined where there are no sockets in folders: on Windows and some shared disks
 * @throws `store/conflict` if somebody else has it; the file system's own errors
 */
export async function lockFolder(folder: string): Promise<(() => void) | undefined> {
  const claim = await makeClaim(folder);
  if (claim === undefined) return undefined;
  try {
    for (let waited = 0; ; waited += POLL) {
      const others = await livingClaims(folder, claim.id);
      if (others.length === 0) break;
      const lost = others.some((id) => id < claim.id || existsSync(join(folder, held(id))));
      if (lost || waited > PATIENCE) throw taken();
      await pause(POLL);
    }
    writeFileSync(join(folder, held(claim.id)), '', { mode: 0o600 });
    return claim.release;
  } catch (error) {
    claim.release();
    throw error;
  }
}

interface Claim {
  readonly id: string;
  readonly release: () => void;
}

/** What the system says where a folder cannot have sockets, or must not get any from us. */
const NO_SOCKETS: readonly (string | undefined)[] = [
  ...['EACCES', 'EPERM', 'EROFS'],
  ...['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'],
];
/** As often somebody may take a socket for one that is left over before it listens. */
const MAX_TRIES = 5;

/** @returns undefined where that is not possible */
async function makeClaim(folder: string): Promise<Claim | undefined> {
  // Windows has pipes in their place, which are in no folder; there, a number means one process.
  if (process.platform === 'win32') return undefined;
  for (let tries = 1; ; tries++) {
    try {
      return await tryClaim(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (NO_SOCKETS.includes(code)) return undefined;
      if (code !== 'ENOENT' || tries === MAX_TRIES) throw error;
    }
  }
}

async function tryClaim(folder: string): Promise<Claim> {
  const id = randomBytes(8).toString('hex');
  const server = createServer((socket) => socket.destroy());
  // A process that has nothing else to do may end.
  server.unref();
  const path = join(folder, `.lock-${id}.sock`);
  const release = (): void => {
    rmSync(join(folder, held(id)), { force: true });
    rmSync(path, { force: true });
    server.close();
  };
  try {
    const early = join(folder, `.lock-${id}.new`);
    await withShortPath(early, (short) => listen(server, short));
    // It gets the name under which others look for it when it listens: before, it would look like one that is left over.
    renameSync(early, path);
    return { id, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Names of the others that listen. Removes what is left of those that do not. */
async function livingClaims(folder: string, own: string): Promise<readonly string[]> {
  const living: string[] = [];
  for (const name of readdirSync(folder)) {
    const id = CLAIM.exec(name)?.[1] ?? NEW.exec(name)?.[1];
    if (id === undefined || id === own) continue;
    const path = join(folder, name);
    if (await withShortPath(path, listens)) {
      if (CLAIM.test(name)) living.push(id);
    } else {
      rmSync(join(folder, held(id)), { force: true });
      rmSync(path, { force: true });
    }
  }
  return living;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

/**
 * Whether somebody listens at a socket. The kernel answers: a process that is stopped or busy listens, too.
 *
 * @throws the system's errors that say nothing about it
 */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // Its queue is full.
      else if (error.code === 'EAGAIN') resolve(true);
      // It was closed before it took the connection.
      else if (error.code === 'ECONNRESET') resolve(listens(path));
      else reject(error);
    });
  });
}

/** A path that is too long for a socket is reached through a link in a folder that nobody else can write to. */
async function withShortPath<T>(path: string, task: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_PATH) return task(path);
  const folder = mkdtempSync(join(tmpdir(), 'dimp-'));
  try {
    const link = join(folder, 'store');
    symlinkSync(dirname(path), link);
    return await task(join(link, basename(path)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function taken(): ProtocolError<'store/conflict'> {
  return new ProtocolError('store/conflict', 'somebody else has the folder');
}
