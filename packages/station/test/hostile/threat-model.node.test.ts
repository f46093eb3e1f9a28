import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const packages = join(root, 'packages');

/** The rows of all tables whose first column is a number, by that number. */
async function rows(): Promise<{ readonly text: string; readonly numbered: Map<number, string> }> {
  const text = await readFile(join(root, 'docs/threat-model.md'), 'utf8');
  const numbered = new Map<number, string>();
  for (const [line, number] of text.matchAll(/^\| (\d+) \|.*$/gm)) {
    expect(numbered.has(Number(number)), `row ${number} is there twice`).toBe(false);
    numbered.set(Number(number), line);
  }
  return { text, numbered };
}

/** Files and titles that stand in a text. */
function proofs(text: string): { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(/`([\w./-]+\.test\.ts)`: “([^”]+)”/g)].map(
    ([, file = '', title = '']) => ({ file, title }),
  );
}

/** All sources of all packages, with their paths. */
async function sources(): Promise<readonly (readonly [path: string, text: string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const name of await readdir(packages)) {
    const folder = join(packages, name, 'src');
    const files = await readdir(folder, { recursive: true }).catch(() => []);
    for (const file of files.filter((each) => each.endsWith('.ts'))) {
      found.push([join(name, 'src', file), await readFile(join(folder, file), 'utf8')]);
    }
  }
  return found;
}

test('every row of §14.1 to §14.6 has a test that proves it, or says why it does not apply', async () => {
  const { numbered } = await rows();
  expect([...numbered.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  const unproven = [...numbered.values()].filter(
    (row) => proofs(row).length === 0 && !row.includes('does not apply: '),
  );
  expect(unproven).toEqual([]);
});

test('every file and every test that the threat model names exists', async () => {
  const { text } = await rows();
  const named = proofs(text);
  // Nothing that looks like a proof is written in a way that is not read.
  expect(named.length).toBe(text.split('.test.ts`: ').length - 1);
  expect(named.length).toBeGreaterThan(80);
  const missing: string[] = [];
  for (const { file, title } of named) {
    // Tests of programs are not in a package.
    const path = file.startsWith('test/') ? join(packages, '..', file) : join(packages, file);
    const code = await readFile(path, 'utf8').catch(() => '');
    const quoted = ["'", '"', '`'].some((quote) => code.includes(`${quote}${title}${quote}`));
    if (!quoted) missing.push(`${file}: ${title}`);
  }
  expect(missing).toEqual([]);
});

test('no source uses assertions for decisions', async () => {
  const asserting = (await sources())
    // Code for tests may assert: it is never part of a program.
    .filter(([path]) => !path.startsWith('testing'))
    .filter(([, text]) => /console\.assert|node:assert|from 'assert'|^\s*assert\w*\(/m.test(text));
  expect(asserting.map(([path]) => path)).toEqual([]);
});

test('all sources take random numbers from the platform’s generator only', async () => {
  const all = await sources();
  expect(all.length).toBeGreaterThan(300);
  const guessing = all.filter(([, text]) =>
    /Math\.random\(|pseudoRandomBytes|seedrandom/.test(text),
  );
  expect(guessing.map(([path]) => path)).toEqual([]);
});
