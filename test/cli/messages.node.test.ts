import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf, results, run } from '../helpers/dim.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { twoPeople } from '../helpers/profiles.node.ts';
import { startStation } from '../helpers/station.node.ts';

const TIMEOUT = 120_000;

test(
  'listen receives the text that send has sent, and its JSON contains all facts',
  async () => {
    const station = await startStation();
    const { moki, hulk } = await twoPeople(station.address);
    const listening = hulk.start(['listen', '--count', '2', '--timeout', '60']);
    await listening.said(/"online"/);
    const sent = await moki.run(['send', 'hulk', 'Hello', 'wörld', '--until', 'received']);
    expect(sent.status, sent.stdout).toBe(0);
    expect(results(sent, 'sent')).toEqual([
      {
        type: 'sent',
        delivery: expect.any(String),
        id: expect.stringMatching(/^[\w-]{22}$/),
        receiver: hulk.id,
        to: {
          id: hulk.id,
          label: 'hulk',
          standing: 'contact',
          number: expect.stringMatching(/^\d{3}-\d{3}-\d{4}$/),
          name: 'hulk',
        },
        kind: 'text',
        sn: expect.any(Number),
        state: 'received',
        settled: true,
        receipt: expect.any(String),
      },
    ]);
    const piped = await moki.run(['send', hulk.id], { input: 'two\nlines 👍\n' });
    expect(piped.status, piped.stdout).toBe(0);
    const heard = await listening.ended;
    expect(heard.status).toBe(0);
    const [first, second] = results(heard, 'message');
    expect(first).toMatchObject({
      sender: moki.id,
      receiver: hulk.id,
      user: hulk.id,
      kind: 'text',
      text: 'Hello wörld',
      time: expect.any(Number),
      arrived: expect.any(Number),
      sn: expect.any(Number),
      id: expect.any(String),
      content: { text: 'Hello wörld' },
    });
    expect(second).toMatchObject({ text: 'two\nlines 👍' });
    // The messages have left the inbox, so they are not shown again.
    const again = await hulk.run(['listen', '--timeout', '1']);
    expect([again.status, results(again, 'message')]).toEqual([0, []]);
  },
  TIMEOUT,
);

test(
  'messages also travel over WebSocket',
  async () => {
    const station = await startStation();
    const { moki, hulk } = await twoPeople(`ws://${station.address}/`);
    const sent = await moki.run(['send', 'hulk', 'over the web', '--until', 'delivered']);
    expect(sent.status, sent.stdout).toBe(0);
    const heard = await hulk.run(['listen', '--count', '1', '--timeout', '30']);
    expect(results(heard, 'message')).toMatchObject([{ text: 'over the web' }]);
  },
  TIMEOUT,
);

test(
  'a message that cannot be sent is kept, and the next call sends it',
  async () => {
    const port = await freePort();
    const { moki, hulk } = await twoPeople(`127.0.0.1:${port}`);
    const failed = await moki.run(['send', 'hulk', 'later', '--timeout', '1']);
    expect(failureOf(failed)).toEqual([69, 'transport/refused']);
    await startStation({ port });
    const sent = await moki.run(['send', 'hulk', 'now']);
    expect(sent.status, sent.stdout).toBe(0);
    const heard = await hulk.run(['listen', '--count', '2', '--timeout', '60']);
    expect(results(heard, 'message').map(({ text }) => text)).toEqual(['later', 'now']);
  },
  TIMEOUT,
);

test(
  'listen exits with 75 if too few messages arrive, and with 130 on SIGINT',
  async () => {
    const station = await startStation();
    const { moki, hulk } = await twoPeople(station.address);
    const short = await hulk.run(['listen', '--count', '1', '--timeout', '1']);
    expect(failureOf(short)).toEqual([75, 'transport/timeout']);
    const listening = hulk.start(['listen']);
    await listening.said(/"online"/);
    await moki.run(['send', 'hulk', 'before the end']);
    await listening.said(/before the end/);
    listening.process.kill('SIGINT');
    expect(failureOf(await listening.ended)).toEqual([130, 'interrupted']);
    const after = await hulk.run(['listen', '--timeout', '1']);
    expect(results(after, 'message')).toEqual([]);
  },
  TIMEOUT,
);

test(
  'a file is encrypted, uploaded, downloaded and verified, and never overwrites another file',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const bytes = new Uint8Array(300_000).map((_, i) => i * 7);
    const [file, picture, folder] = [
      join(data, 'plan.pdf'),
      join(data, 'sun.png'),
      join(data, 'in'),
    ];
    await writeFile(file, bytes);
    await writeFile(picture, bytes.subarray(0, 1000));
    await mkdir(folder);
    await writeFile(join(folder, 'plan.pdf'), 'mine');
    const args = ['--file', file, '--image', picture, '--thumbnail', picture];
    const sent = await moki.run(['send', 'hulk', 'look:', ...args]);
    expect(sent.status, sent.stdout).toBe(0);
    expect(results(sent, 'sent').map(({ kind }) => kind)).toEqual(['text', 'file', 'image']);
    const uploaded = results(sent, 'progress').filter(({ done, total }) => done === total);
    expect(uploaded.map(({ file: name, direction }) => [name, direction])).toEqual([
      ['plan.pdf', 'upload'],
      ['sun.png', 'upload'],
    ]);
    const heard = await hulk.run(['listen', '--count', '3', '--timeout', '60', '--save', folder]);
    expect(heard.status, heard.stdout).toBe(0);
    expect(results(heard, 'message')[1]).toMatchObject({
      kind: 'file',
      file: {
        filename: 'plan.pdf',
        size: 300_000,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      content: { key: { data: '(hidden)' } },
    });
    expect(results(heard, 'progress')).toContainEqual(
      expect.objectContaining({ file: 'plan.pdf', direction: 'download' }),
    );
    const saved = results(heard, 'saved').map(({ file: path }) => String(path));
    expect(saved).toEqual([join(folder, 'plan (1).pdf'), join(folder, 'sun.png')]);
    expect(new Uint8Array(await readFile(saved[0] ?? ''))).toEqual(bytes);
    expect(await readFile(join(folder, 'plan.pdf'), 'utf8')).toBe('mine');
    expect((await readdir(folder)).sort()).toEqual(['plan (1).pdf', 'plan.pdf', 'sun.png']);
    const missing = await moki.run(['send', 'hulk', '--file', join(data, 'none')]);
    expect(failureOf(missing)).toEqual([66, 'file/unreadable']);
  },
  TIMEOUT,
);

test(
  'a file on a server that is not allowed is not downloaded, but its message is shown',
  async () => {
    const station = await startStation();
    const elsewhere = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const file = join(data, 'a.txt');
    await writeFile(file, 'from elsewhere');
    const url = `http://${elsewhere.address}/f/`;
    const send = () => moki.run(['send', 'hulk', '--file', file, '--files', url]);
    expect((await send()).status).toBe(0);
    const save = ['--count', '1', '--timeout', '30', '--save', join(data, 'in')];
    const refused = await hulk.run(['listen', ...save]);
    expect(refused.status).toBe(0);
    expect(results(refused, 'not-saved')).toMatchObject([{ code: 'transport/refused' }]);
    expect((await send()).status).toBe(0);
    const allowed = await hulk.run(['listen', ...save, '--allow-host', elsewhere.address]);
    expect(results(allowed, 'saved')).toHaveLength(1);
    expect(await readFile(join(data, 'in', 'a.txt'), 'utf8')).toBe('from elsewhere');
  },
  TIMEOUT,
);

test(
  'two chats exchange messages, show their delivery states, and keep a history',
  async () => {
    const station = await startStation();
    const { moki, hulk } = await twoPeople(station.address);
    const left = moki.start(['chat', 'hulk']);
    const right = hulk.start(['chat']);
    await Promise.all([left.said(/"online"/), right.said(/"online"/)]);
    left.process.stdin.write('How are you?\n');
    await right.said(/"text":"How are you\?"/);
    await left.said(/"number":1[^\n]*"state":"received"/);
    right.process.stdin.write('/to nobody\n/to moki\n//fine\n/contacts\n/state\n/nonsense\n');
    await left.said(/"text":"\/fine"/);
    await right.said(/identity\/not-found/);
    await right.said(/"type":"contact"[^\n]*moki/);
    await right.said(/"number":2[^\n]*"state":"received"/);
    left.process.stdin.end('bye\n');
    await right.said(/"text":"bye"/);
    right.process.stdin.end('/quit\n');
    expect([(await left.ended).status, (await right.ended).status]).toEqual([0, 0]);
    const later = await moki.run(['chat', 'hulk'], { input: '/history 2\n' });
    expect(later.status, later.stdout).toBe(0);
    expect(results(later, 'history').map(({ direction, text }) => [direction, text])).toEqual([
      ['out', 'How are you?'],
      ['in', '/fine'],
      ['out', 'bye'],
      ['in', '/fine'],
      ['out', 'bye'],
    ]);
  },
  TIMEOUT,
);

test(
  'lines piped into a chat are sent before it ends',
  async () => {
    const station = await startStation();
    const { moki, hulk } = await twoPeople(station.address);
    const piped = await moki.run(['chat', 'hulk'], { input: 'one\ntwo\nthree\n' });
    expect(piped.status, piped.stdout).toBe(0);
    const heard = await hulk.run(['listen', '--count', '3', '--timeout', '30']);
    expect(results(heard, 'message').map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  },
  TIMEOUT,
);

test(
  'stations are added, listed, checked and removed; a station with another ID at a known address is refused until it is trusted',
  async () => {
    const station = await startStation();
    const { moki } = await twoPeople(station.address);
    const url = `tcp://${station.address}`;
    expect((await moki.run(['station'])).json).toEqual([
      { type: 'station', url, host: '127.0.0.1', port: station.port },
    ]);
    const checked = await moki.run(['station', 'check', '--timeout', '20']);
    expect(checked.status, checked.stdout).toBe(0);
    expect(results(checked, 'station-check')).toMatchObject([
      { url, id: station.id, connectMs: expect.any(Number), loginMs: expect.any(Number) },
    ]);
    await station.stop();
    const other = await startStation({ port: station.port });
    const refused = await moki.run(['station', 'check', '--timeout', '2']);
    expect(failureOf(refused)).toEqual([77, 'policy/unauthorized']);
    const trusted = await moki.run(['station', 'check', '--trust', '--timeout', '20']);
    expect(results(trusted, 'station-check')).toMatchObject([{ id: other.id }]);
    expect((await moki.run(['send', 'hulk', 'trusted now'])).status).toBe(0);
    expect((await moki.run(['station', 'remove', station.address])).status).toBe(0);
    expect(failureOf(await moki.run(['station', 'remove', station.address]))).toEqual([
      78,
      'no-station',
    ]);
    expect(failureOf(await moki.run(['listen', '--timeout', '1']))).toEqual([78, 'no-station']);
    const named = await moki.run(['--station', station.address, 'send', 'hulk', 'named']);
    expect(named.status, named.stdout).toBe(0);
  },
  TIMEOUT,
);

test(
  'a closed port, a server of another protocol, an unknown name and an empty text are reported as errors',
  async () => {
    const { moki } = await twoPeople(`127.0.0.1:${await freePort()}`);
    expect(failureOf(await moki.run(['station', 'check', '--timeout', '2']))).toEqual([
      69,
      'transport/refused',
    ]);
    const deaf = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 no\r\n\r\n'),
    );
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const { port } = deaf.address() as { port: number };
    const wrong = await moki.run(['station', 'check', `127.0.0.1:${port}`, '--timeout', '1']);
    expect(wrong.status).not.toBe(0);
    expect(String(failureOf(wrong)[1])).toMatch(/^transport\//);
    deaf.close();
    const station = await startStation();
    const nobody = await moki.run([
      '--station',
      station.address,
      'send',
      'nobody',
      'hi',
      '--timeout',
      '5',
    ]);
    expect(nobody.status).not.toBe(0);
    const empty = await moki.run(['send', 'hulk'], { input: '\n' });
    expect(failureOf(empty)).toEqual([64, 'usage']);
  },
  TIMEOUT,
);

test('a missing profile is reported as an error', async () => {
  const data = await temporaryFolder();
  const none = await run(data, ['--json', '--station', '127.0.0.1:1', 'send', 'hulk', 'hi']);
  expect(failureOf(none)).toEqual([67, 'identity/not-found']);
});

test(
  'a receiver of whom only the ID is known is looked up at the station',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    // hulk logs in once, so that the station knows them.
    await hulk.run(['station', 'check', '--timeout', '20']);
    await run(data, [
      '--profile',
      'carol',
      'register',
      'carol',
      '--algorithm',
      'ECC',
      '--no-passphrase',
    ]);
    const sent = await run(data, [
      '--json',
      '--profile',
      'carol',
      '--station',
      station.address,
      'send',
      hulk.id,
      '--file',
      join(data, 'moki.json'),
    ]);
    expect(sent.status, sent.stdout).toBe(0);
    // The file keeps its name, because carol has asked the station what the program of hulk can read.
    const folder = join(data, 'in');
    const save = ['--count', '1', '--timeout', '30', '--save', folder];
    const heard = await hulk.run(['listen', ...save]);
    expect(results(heard, 'message')).toMatchObject([
      { kind: 'file', file: { filename: 'moki.json' }, from: { standing: 'stranger' } },
    ]);
    // Files of strangers are not saved.
    expect(results(heard, 'not-saved')).toMatchObject([{ code: 'policy/unauthorized' }]);
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    const unseen = await moki.run([
      'send',
      'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj',
      'hi',
      '--timeout',
      '2',
    ]);
    expect(failureOf(unseen)).toEqual([67, 'identity/not-found']);
    expect(unseen.stdout).toContain('is kept');
  },
  TIMEOUT,
);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
