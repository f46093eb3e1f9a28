import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wholeProgram } from '../../apps/cli/src/program.ts';
import { Output } from '../../apps/cli/src/terminal/output.ts';
import { run, runHere, start, startInto } from '../helpers/dim.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

/** ID of a user without an account. */
const UNKNOWN_USER = 54_321;
/** Environment without HOME and without a data folder. */
const NOBODY = { DIM_DATA: '' };

/** The words that call each command. */
async function commands(): Promise<readonly (readonly string[])[]> {
  const { stdin, stdout, stderr, env } = process;
  const surroundings = { stdin, stdout, stderr, env, signal: new AbortController().signal };
  const output = new Output(stdout, stderr, { json: false, quiet: true });
  const program = await wholeProgram(surroundings, output);
  const below = (command: typeof program, words: readonly string[]): (readonly string[])[] => [
    ...(words.length === 0 ? [] : [words]),
    ...command.commands.flatMap((each) => below(each, [...words, each.name()])),
  ];
  return below(program, []);
}

test('every command has help with examples, and help is not a failure', async () => {
  const all = await commands();
  expect(all.length).toBeGreaterThan(16);
  for (const words of all) {
    const help = await runHere('', [...words, '--help']);
    expect(help.status, words.join(' ')).toBe(0);
    expect(help.stdout, words.join(' ')).toMatch(/Examples:\n {2}(dim|date)/);
    expect(help.stderr).toBe('');
  }
});

test('help of one command is the same by option and by command, and lists all commands without one', async () => {
  expect(await runHere('', ['help', 'send'])).toEqual(await runHere('', ['send', '--help']));
  const { stdout } = await runHere('', ['--help']);
  expect(await runHere('', ['help'])).toEqual({ status: 0, stdout, stderr: '', json: [] });
  for (const [name = '', ...more] of await commands()) {
    if (more.length === 0) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  }
});

test('wrong arguments exit with 64 and are reported as JSON on request', async () => {
  for (const args of [
    ['nonsense'],
    ['register'],
    ['whoami', '--nonsense'],
    ['register', 'moki', '--algorithm', 'DES'],
    ['listen', '--count', 'many'],
    ['listen', '--timeout', '-1'],
    ['--wait', 'long', 'listen'],
    ['send', 'hulk', '--until', 'read'],
    ['completion', 'cmd'],
    ['contacts', 'nonsense'],
    ['inspect', 'a', 'b'],
    ['--profile', 'send'],
    [],
  ]) {
    const wrong = await runHere('', ['--json', ...args]);
    expect(wrong.status, args.join(' ')).toBe(64);
    expect(wrong.json, args.join(' ')).toEqual([
      { error: { code: 'usage', message: expect.any(String) } },
    ]);
    expect(wrong.stderr, args.join(' ')).toBe('');
  }
  const misspelt = await runHere('', ['lisen']);
  expect(misspelt.stderr).toMatch(/^dim: .*Did you mean listen\?.* \[usage\]\n$/);
  const human = await run(await temporaryFolder(), ['nonsense']);
  expect(human.status).toBe(64);
  expect(human.stderr).toMatch(/^dim: .*nonsense.* \[usage\]\n$/);
  expect(human.stdout).toBe('');
});

test('completion scripts are valid, and complete commands and options', async () => {
  const data = await temporaryFolder();
  const bash = (await runHere(data, ['completion', 'bash'])).stdout;
  const checked = spawnSync('bash', ['-n'], { input: bash, encoding: 'utf8' });
  expect([checked.status, checked.stderr]).toEqual([0, '']);
  const complete = (words: string, index: number): readonly string[] => {
    const script = `${bash}\nCOMP_WORDS=(${words}); COMP_CWORD=${index}; _dim; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line !== '');
  };
  expect(complete('dim in', 1)).toEqual(['inspect']);
  expect(complete('dim contacts ""', 2)).toEqual(expect.arrayContaining(['add', 'list', 'remove']));
  expect(complete('dim --profile work contacts add --re', 5)).toEqual(['--remark']);
  expect(complete('dim send hulk --un', 3)).toEqual(['--until']);
  const zsh = (await runHere(data, ['completion', 'zsh'])).stdout;
  expect(zsh).toMatch(/^#compdef dim\n/);
  expect(zsh).toContain("'--remark:");
  const fish = (await runHere(data, ['completion', 'fish'])).stdout;
  expect(fish).toContain("complete -c dim -n '__fish_seen_subcommand_from contacts; and not");
  for (const [shell, script] of [
    ['zsh', zsh],
    ['fish', fish],
  ] as const) {
    const { error, status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
    // Not every machine has these shells.
    if (error === undefined) expect([status, stderr], shell).toEqual([0, '']);
  }
});

test('inspect reads files, standard input and arguments, and exits with the status of the verdict', async () => {
  const data = await temporaryFolder();
  const registered = await runHere(data, [
    '--json',
    'register',
    'moki',
    '--algorithm',
    'Ed25519',
    '--no-passphrase',
  ]);
  const id = String(registered.json[0]?.['id']);
  const card = (await runHere(data, ['whoami', '--card'])).stdout;
  const file = join(data, 'card.json');
  await writeFile(file, card);
  const fromFile = await runHere(data, ['--json', '--data', join(data, 'none'), 'inspect', file]);
  expect(fromFile.status).toBe(0);
  expect(fromFile.json[0]).toMatchObject({ type: 'inspection', kind: 'card', verdict: 'good' });
  const fromInput = await runHere(data, ['--json', 'inspect', '--alone', '-'], { input: card });
  expect(fromInput.json).toEqual(fromFile.json);
  const { visa } = JSON.parse(card) as { visa: { data: string } };
  const changed = JSON.stringify({ ...visa, data: visa.data.replace('moki', 'hulk') });
  // The profile knows the meta. Without the profile, the meta must be given.
  const bad = await runHere(data, ['--json', 'inspect'], { input: changed });
  expect([bad.status, bad.json[0]?.['verdict']]).toEqual([76, 'bad']);
  const alone = await runHere(data, ['--json', 'inspect', '--alone'], { input: changed });
  expect([alone.status, alone.json[0]?.['verdict']]).toEqual([0, 'unknown']);
  const handedIn = await runHere(data, ['inspect', '--alone', '--meta', file], { input: changed });
  expect(handedIn.status).toBe(76);
  expect(handedIn.stdout).toContain('✗ signature');
  const known = await runHere(data, ['inspect', id]);
  expect(known.stdout).toContain('✓ meta');
  const mtp = await runHere(data, ['--json', 'inspect', '44494d2000000004 50494e47']);
  expect(mtp.json[0]).toMatchObject({ kind: 'mtp', parts: [{ facts: { says: 'PING' } }] });
  const nothing = await runHere(data, ['--json', 'inspect', 'nothing at all']);
  expect(nothing.status).toBe(65);
});

test('inspect works without the profile if no passphrase is given, and fails with a wrong one', async () => {
  const data = await temporaryFolder();
  await runHere(data, ['register', 'moki', '--algorithm', 'Ed25519'], {
    env: { DIM_PASSPHRASE: 'right' },
  });
  const id = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
  const without = await runHere(data, ['inspect', id]);
  expect(without.status).toBe(0);
  expect(without.stderr).toContain('without the profile');
  const wrong = await runHere(data, ['inspect', id], { env: { DIM_PASSPHRASE: 'wrong' } });
  expect(wrong.status).toBe(77);
});

test('the program ends when the reader closes its output', async () => {
  const data = await temporaryFolder();
  const help = start(data, ['--help'], { input: '' });
  help.process.stdout.destroy();
  expect((await help.ended).status).toBe(0);
  await runHere(data, ['register', 'moki', '--algorithm', 'Ed25519', '--no-passphrase']);
  const listening = start(data, ['--json', '--station', '127.0.0.1:1', 'listen']);
  listening.process.stdout.destroy();
  // The exit status that shells use for SIGPIPE.
  expect(await listening.ended).toMatchObject({ status: 141, stderr: '' });
});

test.runIf(existsSync('/dev/full'))(
  'results that cannot be written are reported as a failure without a stack trace',
  async () => {
    const data = await temporaryFolder();
    for (const args of [['--help'], ['--json', 'inspect', '44494d2000000004 50494e47']]) {
      const full = await startInto('/dev/full', data, args).ended;
      expect(full.status, args.join(' ')).toBe(73);
      expect(full.stderr).toMatch(/^dim: [^\n]*ENOSPC[^\n]*\[file\/unwritable\]\n$/);
    }
  },
);

test('the version is that of the package, as text and as JSON', async () => {
  const data = await temporaryFolder();
  const file = new URL('../../apps/cli/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  expect((await run(data, ['--version'])).stdout).toBe(`${version}\n`);
  expect((await run(data, ['--json', '--version'])).json).toEqual([{ type: 'version', version }]);
});

/** Whether this process can start another one as a different user. */
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

test.runIf(isRoot)(
  'a user without an account on the system gets help, and is told to set the data folder',
  async () => {
    const data = await temporaryFolder();
    const help = await start(data, ['--help'], { input: '', env: NOBODY, uid: UNKNOWN_USER }).ended;
    expect([help.status, help.stderr]).toEqual([0, '']);
    const lost = await start(data, ['whoami'], { input: '', env: NOBODY, uid: UNKNOWN_USER }).ended;
    expect(lost.status).toBe(78);
    expect(lost.stderr).toMatch(/^dim: .*--data or DIM_DATA.*\[no-home\]\n$/);
  },
);
