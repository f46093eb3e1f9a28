import { readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, ownMember, ProtocolError, parseJsonObject } from '@dimp/foundation';

/** Record of the process that has a store open. Null where the system does not tell. */
interface Owner {
  readonly pid: number;
  /** Distinguishes processes with the same ID. */
  readonly start: string | null;
  /** Distinguishes runs of the machine. */
  readonly boot: string | null;
  /** PID namespace in which `pid` is valid: containers have their own. Linux only. */
  readonly numbers: string | null;
  /** When the store was opened, in seconds since the epoch. */
  readonly since: number;
  /** Identifies the data file: a copy of the folder has no owner. */
  readonly file: string;
}

/** Tolerance of the clock when it is used to tell whether the machine was restarted. */
const CLOCK_SLACK_SECONDS = 60;

/**
 * Checks that no running process has the store open, where the lock of `folder-lock.ts` is not available. Processes in
 * other containers are not recognized.
 *
 * @throws `store/conflict`
 */
export function checkOwner(folder: string): void {
  const owner = parseOwner(readText(folder));
  if (owner === undefined || owner.file !== fileOf(folder) || !isAlive(owner)) return;
  throw conflict(owner);
}

/** Makes the error for a store that is open, naming the process as far as it is recorded. */
export function ownerConflict(folder: string): ProtocolError<'store/conflict'> {
  return conflict(parseOwner(readText(folder)));
}

function conflict(owner: Owner | undefined): ProtocolError<'store/conflict'> {
  if (owner === undefined) {
    return new ProtocolError('store/conflict', 'another process has the store open already');
  }
  return new ProtocolError('store/conflict', `${nameOf(owner)} has the store open already`, {
    details: { pid: owner.pid, since: owner.since },
  });
}

function nameOf({ pid, numbers }: Owner): string {
  if (numbers !== numbersOf()) return `process ${pid} of another container`;
  return pid === process.pid ? 'this process' : `process ${pid}`;
}

/**
 * Records this process as the owner of the store. The caller keeps other processes out.
 *
 * @returns a function that removes the record when the store is closed
 */
export function writeOwner(folder: string): () => void {
  const owner: Owner = {
    pid: process.pid,
    start: startOf(process.pid),
    boot: bootOf(),
    numbers: numbersOf(),
    since: Math.floor(Date.now() / 1000),
    file: fileOf(folder),
  };
  const text = JSON.stringify(owner);
  writeFileSync(pathOf(folder), text, { mode: 0o600 });
  return () => {
    // The record may be that of a process that has taken over the store.
    if (readText(folder) === text) rmSync(pathOf(folder), { force: true });
  };
}

function isAlive(owner: Owner): boolean {
  const boot = bootOf();
  if (boot !== null && owner.boot !== null) {
    if (boot !== owner.boot) return false;
  } else if (owner.since < Date.now() / 1000 - uptime() - CLOCK_SLACK_SECONDS) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: the process is running as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = startOf(owner.pid);
  return start === null || owner.start === null || start === owner.start;
}

/** Start time of a process in clock ticks since boot. Linux only. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may contain any character. The start time is the 22nd field.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** ID of the current boot. Linux only. */
function bootOf(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/** PID namespace of this process. Linux only. */
function numbersOf(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Device and inode of the data file, which no copy shares. */
function fileOf(folder: string): string {
  const status = statSync(join(folder, 'data.mdb'), { bigint: true, throwIfNoEntry: false });
  return status === undefined ? '' : `${status.dev}:${status.ino}`;
}

/** @returns undefined for unreadable text, which no running process has written: records are written in one step */
function parseOwner(text: string | undefined): Owner | undefined {
  let json: JsonObject;
  try {
    json = parseJsonObject(text ?? '');
  } catch {
    return undefined;
  }
  const [pid, since, file] = [
    ownMember(json, 'pid'),
    ownMember(json, 'since'),
    ownMember(json, 'file'),
  ];
  if (typeof pid !== 'number' || typeof since !== 'number' || typeof file !== 'string')
    return undefined;
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const textOf = (name: string): string | null => {
    const member = ownMember(json, name);
    return typeof member === 'string' ? member : null;
  };
  return {
    pid,
    start: textOf('start'),
    boot: textOf('boot'),
    numbers: textOf('numbers'),
    since,
    file,
  };
}

function readText(folder: string): string | undefined {
  try {
    return readFileSync(pathOf(folder), 'utf8');
  } catch {
    return undefined;
  }
}

function pathOf(folder: string): string {
  return join(folder, 'owner.json');
}
