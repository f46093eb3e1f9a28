import { expect, test } from 'vitest';
import { results, run } from '../helpers/dim.node.ts';
import { newPerson, twoPeople } from '../helpers/profiles.node.ts';
import { startStation } from '../helpers/station.node.ts';

const TIMEOUT = 120_000;

test(
  'a stranger with the copied name of a contact can be distinguished, answered, and added under another name',
  async () => {
    const station = await startStation();
    const { data, moki, hulk } = await twoPeople(station.address);
    const mallory = await newPerson(data, 'mallory', station.address, 'moki');
    // hulk logs in once, so that the station knows them.
    await hulk.run(['station', 'check', '--timeout', '20']);
    for (const [who, text] of [
      [moki, 'the true one'],
      [mallory, 'the false one'],
    ] as const) {
      const sent = await who.run(['send', hulk.id, text]);
      expect(sent.status, sent.stdout).toBe(0);
    }
    const shown = await run(data, [
      '--profile',
      'hulk',
      'listen',
      '--count',
      '2',
      '--timeout',
      '60',
    ]);
    expect(shown.status, shown.stderr).toBe(0);
    const [, number = ''] =
      /\[stranger (\d{3}-\d{3}-\d{4})\] moki: the false one/.exec(shown.stdout) ?? [];
    expect(number).not.toBe('');
    expect(shown.stdout).toMatch(/\d moki: the true one\n/);
    expect(shown.stderr).toContain(`dim contacts add ${number}`);

    const chat = hulk.start(['chat']);
    await chat.said(/"online"/);
    expect((await mallory.run(['send', hulk.id, 'answer me'])).status).toBe(0);
    await chat.said(/"text":"answer me"/);
    chat.process.stdin.write('/reply who are you?\n/info\n/to moki\n');
    await chat.said(
      /"type":"delivery"[^\n]*"standing":"stranger"[^\n]*"state":"(?:sent|delivered)"/,
    );
    await chat.said(/"type":"person"[^\n]*"standing":"stranger"/);
    await chat.said(/"type":"history"[^\n]*the true one/);
    chat.process.stdin.end(`/add ${number} false moki\n/contacts\n/quit\n`);
    const ended = await chat.ended;
    expect(ended.status, ended.stdout).toBe(0);
    expect(results(ended, 'message')).toMatchObject([
      {
        sender: mallory.id,
        text: 'answer me',
        from: { id: mallory.id, standing: 'stranger', number, name: 'moki' },
      },
    ]);
    const people = results(ended, 'contact').map(({ id, label }) => [id, label]);
    expect(people).toContainEqual([mallory.id, 'false moki']);
    expect(people).toContainEqual([moki.id, 'moki']);
    expect(results(ended, 'history')).toMatchObject([
      { text: 'the true one', from: { id: moki.id, standing: 'contact' } },
    ]);
    const heard = await mallory.run(['listen', '--count', '1', '--timeout', '30']);
    expect(results(heard, 'message')).toMatchObject([{ text: 'who are you?' }]);
    expect((await moki.run(['listen', '--timeout', '2'])).stdout).not.toContain('who are you?');
  },
  TIMEOUT,
);
