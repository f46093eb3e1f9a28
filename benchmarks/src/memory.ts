import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Contacts of the client whose memory is measured. */
const CONTACTS = 10_000;

/**
 * Measures what contacts, each with a meta and a visa, take of a client's memory: in a process of its own for each store,
 * after the garbage has been collected. The contacts are made by another process.
 */
export async function memory(report: (line: object) => void): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'dim-bench-'));
  try {
    await child('make', path);
    for (const store of ['memory', 'LMDB']) {
      const { phases, storedBytes } = JSON.parse(await child(store, path));
      for (const [phase, { heapBytes, rssBytes }] of Object.entries<Usage>(phases)) {
        report({
          name: `memory/${CONTACTS} contacts/${store}/${phase}`,
          heapBytesPerContact: Math.round(heapBytes / CONTACTS),
          rssBytesPerContact: Math.round(rssBytes / CONTACTS),
          baselineBytesPerContact: Math.round(storedBytes / CONTACTS),
          heapMB: Number((heapBytes / 1e6).toFixed(1)),
          rssMB: Number((rssBytes / 1e6).toFixed(1)),
        });
      }
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

interface Usage {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** Runs `contacts.ts`. @returns what it printed */
async function child(task: string, path: string): Promise<string> {
  const program = fileURLToPath(new URL('contacts.js', import.meta.url));
  const args = ['--expose-gc', program, task, path, String(CONTACTS)];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve, reject) => {
    running.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`measuring the memory ended with ${code}`);
  return output;
}
