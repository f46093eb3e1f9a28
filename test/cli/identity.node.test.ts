import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Ended, run, runHere, start } from '../helpers/dim.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

const FAST = ['--algorithm', 'Ed25519', '--no-passphrase'];

async function registered(name = 'moki'): Promise<{ readonly data: string; readonly id: string }> {
  const data = await temporaryFolder();
  const made = await runHere(data, ['--json', 'register', name, ...FAST]);
  expect(made.status, made.stdout).toBe(0);
  return { data, id: String(made.json[0]?.['id']) };
}

function codeOf({ json }: Ended): unknown {
  const { error } = json.at(-1) as { error?: { code: string } };
  return error?.code;
}

test('register creates an identity in folders that only the user can read, and whoami shows it', async () => {
  const { data, id } = await registered();
  expect(id).toMatch(/^moki@[1-9A-Za-z]{26,35}$/);
  const shown = await runHere(data, ['whoami', '--json']);
  expect(shown.json).toEqual([
    {
      type: 'identity',
      id,
      name: 'moki',
      number: expect.stringMatching(/^\d{3}-\d{3}-\d{4}$/),
      algorithm: 'Ed25519',
      messageAlgorithm: 'RSA',
      metaType: '1',
      visaTime: expect.any(Number),
      words: false,
      contacts: 0,
      profile: 'default',
      folder: join(data, 'default'),
    },
  ]);
  expect((await stat(join(data, 'default'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, 'default', 'store'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, 'default', 'key'))).mode & 0o777).toBe(0o600);
  const human = await runHere(data, ['whoami']);
  expect(human.stdout).toContain(id);
  expect(human.stderr).toBe('');
});

test('a second register does not replace the identity, and an invalid name creates no profile', async () => {
  const { data, id } = await registered();
  const again = await runHere(data, ['--json', 'register', 'other', ...FAST]);
  expect([again.status, codeOf(again)]).toEqual([73, 'identity/exists']);
  expect(again.json[0]).toMatchObject({ error: { id, message: expect.stringContaining(id) } });
  expect((await runHere(data, ['--json', 'whoami'])).json[0]).toMatchObject({ id });
  const bad = await runHere(data, ['--profile', 'bad', '--json', 'register', 'a b', ...FAST]);
  expect([bad.status, codeOf(bad)]).toEqual([65, 'format/field']);
  const none = await runHere(data, ['--profile', 'bad', '--json', 'whoami']);
  expect([none.status, codeOf(none)]).toEqual([67, 'identity/not-found']);
});

test('profile names cannot leave the data folder', async () => {
  const data = await temporaryFolder();
  for (const name of ['../out', 'a/b', '.hidden', '', 'con', 'a'.repeat(65)]) {
    const tried = await runHere(data, ['--json', '--profile', name, 'register', 'moki', ...FAST]);
    expect([tried.status, codeOf(tried)], name).toEqual([64, 'usage']);
  }
});

test('the profile is encrypted with a passphrase from a file or the environment, and a wrong one is refused', async () => {
  const data = await temporaryFolder();
  const file = join(data, 'passphrase');
  await writeFile(file, 'correct horse\n');
  const made = await runHere(data, [
    '--json',
    '--passphrase-file',
    file,
    'register',
    'moki',
    '--algorithm',
    'Ed25519',
  ]);
  expect(made.status, made.stdout).toBe(0);
  const right = await runHere(data, ['--json', 'whoami'], {
    env: { DIM_PASSPHRASE: 'correct horse' },
  });
  expect(right.json[0]).toMatchObject({ id: made.json[0]?.['id'] });
  // Some editors write a byte order mark.
  await writeFile(file, '\ufeffcorrect horse\r\n');
  const marked = await runHere(data, ['--json', '--passphrase-file', file, 'whoami']);
  expect(marked.json[0]).toMatchObject({ id: made.json[0]?.['id'] });
  const wrong = await runHere(data, ['--json', 'whoami'], { env: { DIM_PASSPHRASE: 'guessed' } });
  expect([wrong.status, codeOf(wrong)]).toEqual([77, 'crypto/passphrase']);
  expect(wrong.stdout + wrong.stderr).not.toContain('guessed');
  const none = await runHere(data, ['--json', 'whoami']);
  expect([none.status, codeOf(none)]).toEqual([77, 'crypto/passphrase']);
  await writeFile(file, '\n');
  const empty = await runHere(data, ['--json', '--passphrase-file', file, 'whoami']);
  expect([empty.status, codeOf(empty)]).toEqual([64, 'usage']);
  const missing = await runHere(data, ['--json', '--passphrase-file', `${file}-none`, 'whoami']);
  expect([missing.status, codeOf(missing)]).toEqual([66, 'file/unreadable']);
  // Nothing on the disk reveals the identity without the passphrase.
  const bytes = await readFile(join(data, 'default', 'store', 'data.mdb'), 'latin1');
  expect(bytes).not.toContain('moki');
}, 120_000);

test('a key file that other users can read is refused', async () => {
  const { data } = await registered();
  await chmod(join(data, 'default', 'key'), 0o644);
  const refused = await runHere(data, ['--json', 'whoami']);
  expect([refused.status, codeOf(refused)]).toEqual([77, 'policy/unauthorized']);
  await chmod(join(data, 'default', 'key'), 0o600);
  await writeFile(join(data, 'default', 'key'), 'ff\n');
  const damaged = await runHere(data, ['--json', 'whoami']);
  expect([damaged.status, codeOf(damaged)]).toEqual([74, 'store/corrupt']);
});

test('a missing key file is reported as missing, with and without a passphrase', async () => {
  const { data } = await registered();
  const key = join(data, 'default', 'key');
  await rm(key);
  for (const env of [{}, { DIM_PASSPHRASE: 'anything' }]) {
    const gone = await runHere(data, ['--json', 'whoami'], { env });
    expect([gone.status, codeOf(gone)]).toEqual([66, 'file/unreadable']);
    expect(gone.stdout).toContain(key);
  }
});

test('a command that needs the keys themselves reports which program has the profile open, or waits for it', async () => {
  const { data } = await registered();
  // A chat that waits for input keeps the profile open.
  const chat = start(data, ['--json', '--station', '127.0.0.1:1', 'chat']);
  await chat.said(/connecting|waiting/);
  const exporting = (wait: string, file: string) => {
    const args = ['--json', '--wait', wait, 'export', join(data, file)];
    return run(data, args, { env: { DIM_FILE_PASSPHRASE: 'a word' } });
  };
  const second = await exporting('0', 'a.dim');
  expect([second.status, codeOf(second)]).toEqual([75, 'store/conflict']);
  expect(second.stdout).toContain(String(chat.process.pid));
  const waiting = exporting('20', 'b.dim');
  chat.process.stdin.end();
  expect((await waiting).status).toBe(0);
  expect((await chat.ended).status).toBe(0);
});

test('export and import move the identity and its contacts to another profile', async () => {
  const { data, id } = await registered();
  const friend = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
  await runHere(data, ['contacts', 'add', friend, '--remark', 'green']);
  const file = join(data, 'moki.dim');
  const env = { DIM_FILE_PASSPHRASE: 'battery staple' };
  const exported = await runHere(data, ['--json', 'export', file], { env });
  expect(exported.json).toEqual([{ type: 'exported', id, file, what: 'identity' }]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const over = await runHere(data, ['--json', 'export', file], { env });
  expect([over.status, codeOf(over)]).toEqual([73, 'file/unwritable']);

  const into = (passphrase: string) =>
    runHere(data, ['--json', '--profile', 'copy', 'import', file, '--no-passphrase'], {
      env: { DIM_FILE_PASSPHRASE: passphrase },
    });
  const wrong = await into('wrong');
  expect([wrong.status, codeOf(wrong)]).toEqual([77, 'crypto/passphrase']);
  const imported = await into('battery staple');
  expect(imported.json[0]).toMatchObject({ type: 'identity', id, contacts: 1, profile: 'copy' });
  expect((await into('battery staple')).status).toBe(0);
  const contacts = await runHere(data, ['--json', '--profile', 'copy', 'contacts']);
  expect(contacts.json).toEqual([
    {
      type: 'contact',
      id: friend,
      label: 'green',
      standing: 'contact',
      number: '272-972-7604',
      name: 'hulk',
      remark: 'green',
      meta: false,
      visa: false,
    },
  ]);
  const other = await registered('hulk');
  const refused = await runHere(other.data, ['--json', 'import', file], { env });
  expect([refused.status, codeOf(refused)]).toEqual([73, 'identity/exists']);
  const none = await runHere(data, ['--json', 'import', join(data, 'none')], { env });
  expect([none.status, codeOf(none)]).toEqual([66, 'file/unreadable']);
  await writeFile(join(data, 'noise'), 'no identity');
  const noise = await runHere(data, ['--json', 'import', join(data, 'noise')], { env });
  expect([noise.status, codeOf(noise)]).toEqual([65, 'format/bytes']);
}, 120_000);

test('words restore the same identity, and are written to a file only', async () => {
  const data = await temporaryFolder();
  const made = await runHere(data, [
    '--json',
    'register',
    'moki',
    '--address',
    'eth',
    '--words',
    '12',
    '--no-passphrase',
  ]);
  const id = String(made.json[0]?.['id']);
  expect(id).toMatch(/^0x[0-9A-Fa-f]{40}$/);
  const file = join(data, 'words');
  const exported = await runHere(data, ['--json', 'export', '--words', file]);
  const words = (await readFile(file, 'utf8')).trim();
  expect(words.split(' ')).toHaveLength(12);
  expect(made.stdout + made.stderr + exported.stdout + exported.stderr).not.toContain(
    words.slice(0, 20),
  );
  const again = await runHere(
    data,
    [
      '--json',
      '--profile',
      'again',
      'register',
      'moki',
      '--address',
      'eth',
      '--words-from',
      '-',
      '--no-passphrase',
    ],
    { input: words.toUpperCase() },
  );
  expect(again.json[0]).toMatchObject({ id, words: true });
  const bad = await runHere(
    data,
    ['--json', '--profile', 'bad', 'register', 'moki', '--words-from', '-', '--no-passphrase'],
    { input: 'one two three' },
  );
  expect([bad.status, codeOf(bad)]).toEqual([65, 'format/field']);
  for (const algorithm of ['Ed25519', 'RSA']) {
    const args = ['register', 'moki', '--algorithm', algorithm, '--words', '12'];
    const refused = await runHere(data, ['--json', '--profile', 'bad', ...args]);
    expect([refused.status, codeOf(refused)], algorithm).toEqual([64, 'usage']);
  }
  const { data: plain } = await registered();
  const none = await runHere(plain, ['--json', 'export', '--words', join(plain, 'words')]);
  expect([none.status, codeOf(none)]).toEqual([69, 'crypto/unavailable']);
});

test('contacts are added by ID or card, found by name, and removed', async () => {
  const { data } = await registered();
  const other = await registered('hulk');
  const card = (await runHere(other.data, ['whoami', '--card'])).stdout;
  const added = await runHere(
    data,
    ['--json', 'contacts', 'add', '--card', '-', '--remark', 'The Green One'],
    { input: card },
  );
  expect(added.json[0]).toMatchObject({ type: 'contact', id: other.id, meta: true, visa: true });
  const inspected = await runHere(data, ['--json', 'inspect', other.id]);
  expect(inspected.json[0]).toMatchObject({ kind: 'id', verdict: 'good' });
  const mismatch = await runHere(
    data,
    ['--json', 'contacts', 'add', 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj', '--card', '-'],
    { input: card },
  );
  expect([mismatch.status, codeOf(mismatch)]).toEqual([64, 'usage']);
  const forged = JSON.parse(card) as { id: string; meta: unknown };
  const fake = JSON.stringify({ ...forged, id: 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj' });
  const refused = await runHere(data, ['--json', 'contacts', 'add', '--card', '-'], {
    input: fake,
  });
  expect([refused.status, codeOf(refused)]).toEqual([76, 'identity/meta-mismatch']);
  for (const [text, status, code] of [
    ['hulk@nonsense', 69, 'unsupported/address'],
    ['hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEk', 65, 'format/field'],
    ['everyone@everywhere', 64, 'usage'],
  ] as const) {
    const wrong = await runHere(data, ['--json', 'contacts', 'add', text]);
    expect([wrong.status, codeOf(wrong)], text).toEqual([status, code]);
  }
  const removed = await runHere(data, ['--json', 'contacts', 'remove', 'the green one']);
  expect(removed.json[0]).toMatchObject({ type: 'contact-removed', id: other.id });
  const nobody = await runHere(data, ['--json', 'contacts', 'remove', 'the green one']);
  expect([nobody.status, codeOf(nobody)]).toEqual([67, 'identity/not-found']);
  expect((await runHere(data, ['--json', 'contacts', 'list'])).json).toEqual([]);
});

test('names of peers cannot control the terminal', async () => {
  const { data } = await registered();
  const id = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
  const added = await runHere(data, ['contacts', 'add', id, '--remark', 'a\u001b[2Jb\u202ec\nd']);
  expect(added.stdout).toContain('a\\u{1b}[2Jb\\u{202e}c\\nd');
  expect(added.stdout).not.toContain('\u001b');
});
