import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf, run } from '../helpers/dim.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

/** Mounts a small file system in memory. @returns false if that is not possible here */
function mounted(folder: string): boolean {
  try {
    const options = ['-o', 'size=20m,mode=700', 'tmpfs', folder];
    execFileSync('mount', ['-t', 'tmpfs', ...options], { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return true;
}

test('a profile on a full or read-only disk can be read, and errors of writing name the folder and the reason', async (context) => {
  const folder = await temporaryFolder();
  if (!mounted(folder)) return context.skip('a file system cannot be mounted here');
  const made = await run(folder, [
    '--json',
    'register',
    'moki',
    '--algorithm',
    'Ed25519',
    '--no-passphrase',
  ]);
  expect(made.status, made.stdout).toBe(0);
  const store = join(folder, 'default', 'store');
  const add = ['--json', 'contacts', 'add', 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj'];

  await writeFile(join(folder, 'rest'), Buffer.alloc(32 * 1024 * 1024)).catch(() => undefined);
  expect((await run(folder, ['--json', 'whoami'])).json[0]).toMatchObject({
    id: made.json[0]?.['id'],
  });
  const full = await run(folder, add);
  expect(failureOf(full)).toEqual([74, 'store/quota']);
  expect(full.stdout).toContain(`${store} (ENOSPC)`);

  await rm(join(folder, 'rest'));
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  const read = await run(folder, ['whoami']);
  expect([read.status, read.stdout]).toEqual([0, expect.stringContaining('moki@')]);
  expect(read.stderr).toContain(`can only be read: `);
  const refused = await run(folder, add);
  expect(failureOf(refused)).toEqual([74, 'store/unavailable']);
  expect(refused.stdout).toContain(`${store} (EROFS)`);
  const other = await run(folder, [
    '--json',
    '--profile',
    'other',
    'register',
    'x',
    '--no-passphrase',
  ]);
  expect(failureOf(other)).toEqual([73, 'file/unwritable']);
  expect(other.stdout).toContain('(EROFS)');
}, 120_000);
