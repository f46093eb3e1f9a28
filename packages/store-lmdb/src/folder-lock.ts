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

/** Longest path of a socket that all systems accept. */
const MAX_PATH_BYTES = 100;
/** How often the claim with the smallest name checks whether the others have withdrawn, and for how long. */
const POLL_MS = 10;
const MAX_WAIT_MS = 2000;

/** Names of a socket that does not listen yet, of one that claims the folder, and of the file that marks its owner. */
const NEW = /^\.lock-([0-9a-f]{16})\.new$/;
const CLAIM = /^\.lock-([0-9a-f]{16})\.sock$/;
const held = (id: string): string => `.lock-${id}.held`;

/**
 * Locks a folder for this thread of this process. The kernel keeps the lock: it is a listening socket in the folder. So
 * the lock ends with the thread that holds it, however the thread ends, and other containers see it, where process IDs
 * mean nothing.
 *
 * Each contender creates a socket under a name of its own, then looks for others. A contender withdraws if another one
 * owns the folder or has a smaller name. The one with the smallest name waits until all others have withdrawn. No name is
 * used twice, so any process may remove a socket that does not listen.
 *
 * @returns a function that unlocks the folder; undefined where folders cannot hold sockets: on Windows and some network
 *   disks
 * @throws `store/conflict` if another process or thread has the folder; file system errors
 */
export async function lockFolder(folder: string): Promise<(() => void) | undefined> {
  const claim = await makeClaim(folder);
  if (claim === undefined) return undefined;
  try {
    for (let waited = 0; ; waited += POLL_MS) {
      const others = await livingClaims(folder, claim.id);
      if (others.length === 0) break;
      const lost = others.some((id) => id < claim.id || existsSync(join(folder, held(id))));
      if (lost || waited > MAX_WAIT_MS) throw taken();
      await pause(POLL_MS);
    }
    writeFileSync(join(folder, held(claim.id)), '', { mode: 0o600 });
    return claim.release;
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** Socket of this thread in the folder. */
interface Claim {
  readonly id: string;
  readonly release: () => void;
}

/** Errors of the system for a folder that cannot hold sockets, or where this process must not create any. */
const NO_SOCKETS: readonly (string | undefined)[] = [
  ...['EACCES', 'EPERM', 'EROFS'],
  ...['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'],
];
/** Another process may remove the new socket as a stale one before it listens; attempts until then. */
const MAX_TRIES = 5;

/** @returns undefined where folders cannot hold sockets */
async function makeClaim(folder: string): Promise<Claim | undefined> {
  // Windows has named pipes instead, which are not in a folder. There, a process ID identifies one process.
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
  // The lock must not keep the process alive.
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
    // Renamed once it listens: before, others would take it for a stale one.
    renameSync(early, path);
    return { id, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Names of the other claims that listen. Removes those that do not: their owners have ended. */
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
 * Whether a process listens on a socket. The kernel answers, so a suspended or busy process counts as well.
 *
 * @throws errors of the system that do not answer the question
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
      // The queue of connections is full.
      else if (error.code === 'EAGAIN') resolve(true);
      // The socket was closed before it accepted the connection.
      else if (error.code === 'ECONNRESET') resolve(listens(path));
      else reject(error);
    });
  });
}

/** Runs a task with a path that is short enough for a socket: through a link in a private folder if necessary. */
async function withShortPath<T>(path: string, task: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return task(path);
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
  return new ProtocolError('store/conflict', 'another process has locked the folder');
}
