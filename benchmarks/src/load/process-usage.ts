import { readFile } from 'node:fs/promises';

/** Clock ticks of a second in `/proc`; the kernel has used no other number for decades. */
const TICKS = 100;

/** Processor time that a process has taken with all its threads, in seconds; undefined where there is no `/proc`. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const text = await read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name may have spaces: fields are counted behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Memory of a process that is in RAM, in bytes; undefined where there is no `/proc`. */
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
