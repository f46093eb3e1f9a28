import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf, results, run, start } from '../helpers/dim.node.ts';
import { twoPeople } from '../helpers/profiles.node.ts';
import { startStation } from '../helpers/station.node.ts';

const TIMEOUT = 60_000;

test(
  'two chats, listen and short commands use one profile at a time, and all show what arrives',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const first = moki.start(['chat', 'hulk']);
    await first.said(/"online"/);
    const second = moki.start(['chat', 'hulk']);
    const listening = moki.start(['listen', '--count', '1', '--timeout', '50']);
    await Promise.all([second.said(/"online"/), listening.said(/"online"/)]);
    // Only the user can open the socket.
    const folder = join(data, 'moki');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'host.sock'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'host.json'))).mode & 0o777).toBe(0o600);
    const [who, people] = await Promise.all([
      moki.run(['whoami']),
      moki.run(['contacts', 'add', hulk.id, '--remark', 'green']),
    ]);
    expect(results(who, 'identity')).toMatchObject([{ id: moki.id, contacts: 1 }]);
    expect(results(people, 'contact')).toMatchObject([{ id: hulk.id, label: 'green' }]);
    const sent = await moki.run(['send', 'green', 'from a third one', '--until', 'delivered']);
    expect(sent.status, sent.stdout).toBe(0);
    second.process.stdin.write('from the second\n');
    await first.said(/"type":"message"[^\n]*"direction":"out"[^\n]*"text":"from the second"/);
    await second.said(/"type":"message"[^\n]*"direction":"out"[^\n]*"text":"from a third one"/);
    await hulk.run(['send', 'moki', 'to all']);
    await Promise.all([
      first.said(/"direction":"in"[^\n]*"label":"green"[^\n]*"text":"to all"/),
      second.said(/"direction":"in"[^\n]*"text":"to all"/),
      listening.said(/"direction":"in"[^\n]*"text":"to all"/),
    ]);
    expect((await listening.ended).status).toBe(0);
    // The first ends: the second goes on, with the profile and the connection.
    first.process.stdin.end();
    expect((await first.ended).status).toBe(0);
    await second.said(/"type":"host-ended"/);
    await hulk.run(['send', 'moki', 'are you still there?']);
    await second.said(/"text":"are you still there\?"/);
    second.process.stdin.end('yes\n');
    const ended = await second.ended;
    expect(ended.status, ended.stdout).toBe(0);
    const heard = await hulk.run(['listen', '--count', '3', '--timeout', '30']);
    expect(results(heard, 'message').map(({ text }) => text)).toEqual([
      'from a third one',
      'from the second',
      'yes',
    ]);
    const again = results(ended, 'message').map(({ text }) => text);
    expect(again.filter((text) => text === 'to all')).toHaveLength(1);
  },
  TIMEOUT,
);

test(
  'when the process that has the profile open is killed, another one takes over, and nothing is lost or shown twice',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const first = moki.start(['chat']);
    await first.said(/"online"/);
    const second = moki.start(['listen', '--count', '3', '--timeout', '50']);
    await second.said(/"online"/);
    await hulk.run(['send', 'moki', 'one']);
    await second.said(/"text":"one"/);
    first.process.kill('SIGKILL');
    await hulk.run(['send', 'moki', 'two']);
    await second.said(/"text":"two"/);
    // What the killed process has left behind is replaced.
    const third = moki.start(['chat', 'hulk']);
    await third.said(/"online"/);
    second.process.kill('SIGKILL');
    third.process.stdin.write('three\n');
    await third.said(/"type":"delivery"[^\n]*"state":"(?:sent|delivered|received)"/);
    third.process.stdin.end();
    expect((await third.ended).status).toBe(0);
    const heard = await hulk.run(['listen', '--count', '1', '--timeout', '30']);
    expect(results(heard, 'message')).toMatchObject([{ text: 'three' }]);
    const kept = JSON.stringify(await stat(join(data, 'moki', 'store')));
    expect(kept).not.toBe('');
    const history = await moki.run(['history', 'hulk']);
    expect(results(history, 'history').map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  },
  TIMEOUT,
);

test(
  'a program that does not know the secret is refused, and commands that need the keys say which process to end',
  async () => {
    const { data, moki } = await twoPeople('127.0.0.1:1');
    const chat = moki.start(['chat']);
    await chat.said(/"connection"/);
    await expect.poll(async () => (await moki.run(['whoami'])).status).toBe(0);
    const file = join(data, 'moki', 'host.json');
    const place = JSON.parse(await readFile(file, 'utf8')) as { readonly secret: string };
    await writeFile(file, JSON.stringify({ ...place, secret: '00'.repeat(32) }));
    await chmod(file, 0o600);
    const stranger = await moki.run(['whoami']);
    expect(failureOf(stranger)[0]).not.toBe(0);
    expect(stranger.stdout).not.toContain(moki.id);
    await writeFile(file, JSON.stringify(place));
    expect((await moki.run(['whoami'])).status).toBe(0);
    // Commands that need the keys themselves say which process to end.
    const exported = await moki.run(['export', join(data, 'a.dim')], {
      env: { DIM_FILE_PASSPHRASE: 'x' },
    });
    expect(failureOf(exported)).toEqual([75, 'store/conflict']);
    expect(exported.stdout).toContain(String(chat.process.pid));
    chat.process.stdin.end();
    expect((await chat.ended).status).toBe(0);
  },
  TIMEOUT,
);

test(
  'a socket path that is too long for the system, and a profile that is opened by two at the same moment',
  async () => {
    const { data, moki } = await twoPeople('127.0.0.1:1');
    const long = join(data, 'x'.repeat(60), 'y'.repeat(60));
    await run(long, ['register', 'long', '--algorithm', 'Ed25519', '--no-passphrase']);
    const args = ['--json', '--station', '127.0.0.1:1', 'chat'];
    const chat = start(long, args);
    await chat.said(/"connection"/);
    const who = await run(long, ['--json', 'whoami']);
    expect(results(who, 'identity')).toHaveLength(1);
    chat.process.stdin.end();
    expect((await chat.ended).status).toBe(0);
    const together = await Promise.all([moki.run(['whoami']), moki.run(['whoami'])]);
    expect(together.map(({ status }) => status)).toEqual([0, 0]);
  },
  TIMEOUT,
);
