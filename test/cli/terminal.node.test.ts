import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { run, startOnTerminal } from '../helpers/dim.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

/** Whether this machine has `script` of util-linux, which runs a program on a terminal. */
const hasScript =
  process.platform === 'linux' && spawnSync('script', ['--version']).error === undefined;

test.runIf(hasScript)(
  'dim asks for a new passphrase twice, for an existing one once, and never shows it',
  async () => {
    const data = await temporaryFolder();
    const register = ['register', 'moki', '--algorithm', 'Ed25519'];
    const differ = startOnTerminal(data, register);
    await differ.said(/New passphrase of profile "default": $/);
    differ.process.stdin.write('correct horse\r');
    await differ.said(/again: $/);
    differ.process.stdin.write('another\r');
    const failed = await differ.ended;
    expect(failed.stdout).toContain('[usage]');
    const made = startOnTerminal(data, register);
    await made.said(/default": $/);
    made.process.stdin.write('correctx\u007f horse\r');
    await made.said(/again: $/);
    made.process.stdin.write('correct horse\r');
    const { stdout } = await made.ended;
    expect(stdout).toMatch(/ID +moki@/);
    expect(failed.stdout + stdout).not.toMatch(/horse|another/);
    const right = await run(data, ['whoami'], { env: { DIM_PASSPHRASE: 'correct horse' } });
    expect(right.status).toBe(0);
    const interrupted = startOnTerminal(data, ['whoami']);
    await interrupted.said(/default": $/);
    interrupted.process.stdin.write('corr\u0003');
    expect((await interrupted.ended).stdout).toContain('[interrupted]');
  },
  120_000,
);

test.runIf(hasScript)(
  'a chat on a terminal prints above the input line, completes it with the tab key, and ends on Ctrl-C',
  async () => {
    const data = await temporaryFolder();
    await run(data, ['register', 'moki', '--algorithm', 'Ed25519', '--no-passphrase']);
    const chat = startOnTerminal(data, ['--station', '127.0.0.1:1', 'chat']);
    await chat.said(/dim> /);
    chat.process.stdin.write('/he\t');
    await chat.said(/\/help/);
    chat.process.stdin.write('\r');
    await chat.said(/\/quit: leave/);
    chat.process.stdin.write('hello\r');
    await chat.said(/no receiver/);
    chat.process.stdin.write('\u0003');
    expect((await chat.ended).stdout).toContain('[interrupted]');
  },
  120_000,
);
