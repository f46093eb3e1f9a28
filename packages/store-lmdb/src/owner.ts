import { readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, ownMember, ProtocolError, parseJsonObject } from '@dimp/foundation';

/** What is written about the process that has a store open. Null where the system does not say. */
interface Owner {
  readonly pid: number;
  /** Tells two processes of one number apart. */
  readonly start: string | null;
  /** Tells two runs of the machine apart. */
  readonly boot: string | null;
  /** Where the number counts: containers have numbers of their own. Linux only. */
  readonly numbers: string | null;
  /** When the store was opened, in seconds since the epoch. */
  readonly since: number;
  /** Which data file is meant: a copy of the folder belongs to nobody. */
  readonly file: string;
}

/** Slack of the clock, in seconds, where it has to tell whether the machine was started since. */
const CLOCK_SLACK = 60;

/**
 * Says that no process that is alive has the store open, where there is no better lock (`folder-lock.ts`): processes of
 * other containers are not recognized.
 *
 * @throws `store/conflict`
 */
export function checkOwner(folder: string): void {
  const owner = parseOwner(readText(folder));
  if (owner === undefined || owner.file !== fileOf(folder) || !isAlive(owner)) return;
  throw conflict(owner);
}

/** The error that tells who has the store open, as far as that is written down. */
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
 * Writes down that this process has the store open. The caller keeps others out.
 *
 * @returns what to call when the store is closed
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
    // Should somebody else have taken the store over, then it is theirs.
    if (readText(folder) === text) rmSync(pathOf(folder), { force: true });
  };
}

function isAlive(owner: Owner): boolean {
  const boot = bootOf();
  if (boot !== null && owner.boot !== null) {
    if (boot !== owner.boot) return false;
  } else if (owner.since < Date.now() / 1000 - uptime() - CLOCK_SLACK) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = startOf(owner.pid);
  return start === null || owner.start === null || start === owner.start;
}

/** When a process was started, in ticks since the machine was; Linux only. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets, which may hold anything; the start is the 22nd.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Name of this run of the machine; Linux only. */
function bootOf(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/** What counts the processes of this one's container; Linux only. */
function numbersOf(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** What no copy of the data file shares with it. */
function fileOf(folder: string): string {
  const status = statSync(join(folder, 'data.mdb'), { bigint: true, throwIfNoEntry: false });
  return status === undefined ? '' : `${status.dev}:${status.ino}`;
}

/** Text that cannot be read is none of a process that lives: a claim is written at once. */
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
