import { expect, test } from 'vitest';
import { logIn, people, sendText } from '../helpers/clients.node.ts';
import { run, type StationProcess, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

/** Creates a data folder with an identity of its own. */
async function identity(): Promise<{ readonly data: string; readonly id: string }> {
  const data = await temporaryFolder();
  const station = await startStation(data, [], { ownIdentity: true });
  await station.stop();
  return { data, id: station.id };
}

/** Starts three stations in a line: the first connects to the second, and the second to the third. */
async function line() {
  const [one, two, three] = [await identity(), await identity(), await identity()];
  const c = await startStation(three.data, ['--neighbours', two.id]);
  const middle = ['--neighbours', `${one.id},${three.id}=tcp://127.0.0.1:${c.port}`];
  const b = await startStation(two.data, middle);
  const a = await startStation(one.data, ['--neighbours', `${two.id}=tcp://127.0.0.1:${b.port}`]);
  const again = (): Promise<StationProcess> =>
    startStation(two.data, [...middle, '--port', String(b.port)]);
  for (const each of [a, c]) await each.logged('neighbour.joined');
  return { a, b, c, again };
}

test('three stations in a line deliver messages, and lose none when the middle one is killed', async () => {
  const { a, b, c, again } = await line();
  const [moki, hulk] = await people('moki', 'hulk');
  await logIn(hulk, c.port);
  await logIn(moki, a.port);
  await (await sendText(hulk, moki, 'here I am')).reached('received');
  const texts = Array.from({ length: 300 }, (_, index) => `text ${index}`);
  const sending = (async () => {
    for (const [index, text] of texts.entries()) {
      await sendText(moki, hulk, text);
      if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await until(() => hulk.texts.length > 50, 60_000);
  await b.kill();
  const before = hulk.texts.length;
  expect(before).toBeLessThan(300);
  await sending;
  const middle = await again();
  await until(() => hulk.texts.length >= 300, 120_000);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(hulk.texts).toEqual(texts);
  for (const each of [a, middle, c]) expect((await each.stop()).status).toBe(0);
}, 300_000);

test('a station does not start with itself as a neighbour', async () => {
  const { data, id } = await identity();
  const { status, stderr, stdout } = await run([
    ...['--data', data, '--host', '127.0.0.1', '--port', '0'],
    ...['--neighbours', id],
  ]);
  expect(status).not.toBe(0);
  expect(stdout + stderr).toContain('must not contain the station itself');
}, 60_000);
