import { readFile } from 'node:fs/promises';

/** Clock ticks per second in `/proc`: a constant of the kernel's interface. */
const TICKS = 100;

/** Processor time of a process with all its threads, in seconds; undefined without `/proc`. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const text = await read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name may contain spaces, so fields are counted after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process, in bytes; undefined without `/proc`. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const match = /^VmRSS:\s+(\d+) kB/m.exec((await read(`/proc/${pid}/status`)) ?? '');
  return match === null ? undefined : Number(match[1]) * 1024;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
