import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf, results, run } from '../helpers/dim.node.ts';
import { twoPeople } from '../helpers/profiles.node.ts';
import { startStation } from '../helpers/station.node.ts';

const TIMEOUT = 60_000;

test(
  'a chat replies, reacts, edits and recalls, and the other side shows it',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    // Each has once received from the other, so that both know what the other program can read.
    const left = moki.start(['chat', 'hulk']);
    const right = hulk.start(['chat', 'moki', '--save', join(data, 'in')]);
    await Promise.all([left.said(/"online"/), right.said(/"online"/)]);
    left.process.stdin.write('Dinner?\n');
    await right.said(/"number":1[^\n]*"text":"Dinner\?"/);
    right.process.stdin.write('/reply #1 Yes, at seven.\n');
    await left.said(
      /"number":2[^\n]*"text":"Yes, at seven\."[^\n]*"replyTo":\{"id":"[^\n]*"text":"Dinner\?"/,
    );
    right.process.stdin.write('/edit Yes, at eight.\n');
    await left.said(
      /"type":"changed"[^\n]*"number":2[^\n]*"text":"Yes, at eight\."[^\n]*"edited":true/,
    );
    left.process.stdin.write('/react 👍\n');
    await right.said(/"type":"changed"[^\n]*"reactions":\[\{"emoji":"👍","count":1/);
    left.process.stdin.write('/react #2\n');
    await right.said(/"emoji":"👍"[\s\S]*\n\{"type":"changed"(?![^\n]*"reactions")/);
    left.process.stdin.write('wrong person\n');
    await right.said(/"text":"wrong person"/);
    left.process.stdin.write('/recall\n');
    await right.said(/"type":"changed"[^\n]*"recalled":\{/);
    // Read marks come back with the next answer.
    await right.said(/"state":"read"/);
    const path = join(data, 'plan.txt');
    await writeFile(path, 'the plan');
    left.process.stdin.write(`/file ${path}\n`);
    await right.said(/"kind":"file"/);
    right.process.stdin.write('/save\n');
    await right.said(/"type":"saved"/);
    expect(await readFile(join(data, 'in', 'plan.txt'), 'utf8')).toBe('the plan');
    right.process.stdin.write(
      '/info #1\n/search eight\n/chats\n/recall #1\n/edit #99 x\n/react #1 abc\n',
    );
    await right.said(/"type":"info"[^\n]*"text":"Dinner\?"/);
    await right.said(/"type":"found"[^\n]*"text":"Yes, at eight\."/);
    await right.said(/"type":"conversation"/);
    await right.said(/policy\/unauthorized/);
    await right.said(/"code":"usage"/);
    await right.said(/format\/field/);
    left.process.stdin.end('/quit\n');
    right.process.stdin.end('/quit\n');
    expect([(await left.ended).status, (await right.ended).status]).toEqual([0, 0]);
    const history = await moki.run(['history', 'hulk']);
    expect(results(history, 'history').map(({ text, kind }) => text || kind)).toEqual([
      'Dinner?',
      'Yes, at eight.',
      'recalled',
      '[file: plan.txt, 8 bytes]',
    ]);
  },
  TIMEOUT,
);

test(
  'history has pages, search finds what was written, and a file is downloaded later by name or ID',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const lines = Array.from({ length: 12 }, (_, at) => `line ${at} of many`);
    const piped = await moki.run(['chat', 'hulk'], { input: `${lines.join('\n')}\n` });
    expect(piped.status, piped.stdout).toBe(0);
    await writeFile(join(data, 'report.txt'), 'all is well');
    const sent = await moki.run(['send', 'hulk', '--file', join(data, 'report.txt')]);
    expect(sent.status, sent.stdout).toBe(0);
    await hulk.run(['listen', '--count', '13', '--timeout', '30']);
    const listed = await hulk.run(['history']);
    expect(results(listed, 'conversation')).toMatchObject([{ id: moki.id, unread: 13 }]);
    const shown: unknown[] = [];
    let before: string[] = [];
    for (;;) {
      const page = await hulk.run(['history', 'moki', '--limit', '5', ...before]);
      const messages = results(page, 'history');
      shown.unshift(...messages.map(({ text, kind }) => (kind === 'file' ? 'file' : text)));
      const [oldest] = messages;
      if (oldest === undefined) break;
      before = ['--before', String(oldest['time'])];
    }
    expect(shown).toEqual([...lines, 'file']);
    const found = await hulk.run(['search', '--from', 'moki', '--limit', '3', 'many', 'li']);
    expect(results(found, 'found').map(({ text }) => text)).toEqual(lines.slice(-3).reverse());
    expect(results(await hulk.run(['search', 'nothing', 'such']), 'found')).toEqual([]);
    const folder = join(data, 'in');
    const byName = await hulk.run(['download', 'moki', '--to', folder]);
    expect(results(byName, 'saved')).toMatchObject([{ file: join(folder, 'report.txt') }]);
    const [{ id } = {}] = results(byName, 'saved');
    const byID = await hulk.run(['download', String(id), '--to', folder]);
    expect(results(byID, 'saved')).toMatchObject([{ file: join(folder, 'report (1).txt') }]);
    expect(await readFile(join(folder, 'report (1).txt'), 'utf8')).toBe('all is well');
    // The ID of a message may begin with a dash, and is no option.
    for (const none of ['x'.repeat(22), `-${'x'.repeat(21)}`, '--xxxxxxxxxxxxxxxxxxxx', 'nobody']) {
      const missing = await hulk.run(['download', none]);
      expect(failureOf(missing), none).toEqual([67, 'identity/not-found']);
    }
    const text = await run(data, ['--profile', 'hulk', 'history', 'moki', '--limit', '1']);
    expect(text.stdout).toMatch(
      /^[\w-]{22} {2}\d{4}-\d\d-\d\d \d\d:\d\d moki: \[file: report\.txt/,
    );
  },
  TIMEOUT,
);

test(
  'files and messages that cannot be sent wait in the outbox, and are sent later, cancelled or discarded',
  async () => {
    const { data, moki, hulk } = await twoPeople('127.0.0.1:1');
    await writeFile(join(data, 'a.txt'), 'first');
    await writeFile(join(data, 'b.txt'), 'second');
    const args = ['send', 'hulk', 'look:', '--timeout', '1'];
    const failed = await moki.run([...args, '--file', join(data, 'a.txt')]);
    expect(failureOf(failed)).toEqual([69, 'transport/refused']);
    await moki.run(['send', 'hulk', '--file', join(data, 'b.txt'), '--timeout', '1']);
    const listed = results(await moki.run(['outbox']), 'outbox');
    expect(listed).toMatchObject([
      { kind: 'text', text: 'look:', state: 'queued', to: { label: 'hulk' } },
      { kind: 'file', text: '[file: a.txt]', state: 'queued', size: 5 },
      { kind: 'file', text: '[file: b.txt]', state: 'queued', size: 6 },
    ]);
    const [text, , second] = listed.map(({ id }) => String(id));
    expect((await moki.run(['outbox', 'cancel', second ?? ''])).status).toBe(0);
    // The text is packed: a program that does not run any more may have sent it.
    expect(failureOf(await moki.run(['outbox', 'cancel', text ?? '']))).toEqual([
      75,
      'state/not-ready',
    ]);
    expect(failureOf(await moki.run(['outbox', 'retry', 'none']))).toEqual([
      67,
      'identity/not-found',
    ]);
    await writeFile(join(data, 'a.txt'), 'changed since');
    const station = await startStation();
    const online = await moki.run(['--station', station.address, 'send', 'hulk', 'now']);
    expect(online.status, online.stdout).toBe(0);
    const listen = ['--station', station.address, 'listen', '--save', join(data, 'in')];
    const chat = moki.start(['--station', station.address, 'chat']);
    await chat.said(/"type":"file"[^\n]*"state":"sent"|"online"/);
    const heard = await hulk.run([...listen, '--count', '3', '--timeout', '30']);
    expect(
      results(heard, 'message')
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['file', 'text', 'text']);
    expect(await readFile(join(data, 'in', 'a.txt'), 'utf8')).toBe('first');
    chat.process.stdin.end();
    await chat.ended;
    expect(
      results(await moki.run(['outbox']), 'outbox').filter(({ kind }) => kind === 'file'),
    ).toEqual([]);
  },
  TIMEOUT,
);

test(
  'a contact is added by a link, verified by number and code, and blocked',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const made = await moki.run(['contacts', 'link']);
    const [{ link = '', qr, fingerprint } = {}] = results(made, 'link');
    expect(String(link)).toMatch(/^dim:contact\?v=1&id=moki@\w+&fp=[\w-]{22}&st=127\.0\.0\.1:\d+&/);
    expect(String(qr).length).toBeLessThanOrEqual(280);
    const web = await moki.run(['contacts', 'link', '--public', '--web', 'https://chat.example']);
    expect(String(results(web, 'link')[0]?.['link'])).toMatch(
      /^https:\/\/chat\.example\/i#contact\?/,
    );
    await hulk.run(['contacts', 'remove', 'moki']);
    const added = await hulk.run(['contacts', 'add', String(link), '--remark', 'green']);
    expect(results(added, 'contact')).toMatchObject([{ id: moki.id, remark: 'green' }]);
    const [one] = results(await moki.run(['contacts', 'verify', 'hulk']), 'verification');
    const [other] = results(await hulk.run(['contacts', 'verify', 'green']), 'verification');
    expect(one).toMatchObject({ safetyNumber: expect.stringMatching(/^(\d{5} ){11}\d{5}$/) });
    expect(other).toMatchObject({ safetyNumber: one?.['safetyNumber'], fingerprint });
    expect(one?.['verified']).toBeUndefined();
    const same = await hulk.run(['contacts', 'verify', 'green', '--same']);
    expect(results(same, 'verification')).toMatchObject([{ verified: { how: 'number' } }]);
    const undone = await hulk.run(['contacts', 'verify', 'green', '--undo']);
    expect(results(undone, 'verification')[0]?.['verified']).toBeUndefined();
    const coded = await hulk.run(['contacts', 'verify', 'green', '--code', String(one?.['qr'])]);
    expect(results(coded, 'verification')).toMatchObject([{ verified: { how: 'code' } }]);
    // The own code proves nothing about the other.
    const wrong = await hulk.run(['contacts', 'verify', 'green', '--code', String(other?.['qr'])]);
    expect(failureOf(wrong)[0]).not.toBe(0);
    const text = await run(data, ['--profile', 'moki', 'contacts', 'verify', 'hulk']);
    expect(text.stdout).toMatch(/^hulk is not verified yet\n {2}(\d{5} ?){6}\n {2}(\d{5} ?){6}\n$/);
    const blocked = await hulk.run(['block', 'green']);
    expect(results(blocked, 'blocked')).toMatchObject([{ blocked: true, who: { id: moki.id } }]);
    await moki.run(['send', 'hulk', 'can you hear me?']);
    const deaf = await hulk.run(['listen', '--timeout', '2']);
    expect(results(deaf, 'message')).toEqual([]);
    const free = await hulk.run(['unblock', 'green']);
    expect(results(free, 'blocked')).toMatchObject([{ blocked: false }]);
  },
  TIMEOUT,
);
