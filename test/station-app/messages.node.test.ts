import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Text } from '../../packages/extensions/src/contents.ts';
import { logIn, type Person, people, sendText } from '../helpers/clients.node.ts';
import { run, type StationProcess, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

/** Sends numbered texts in order, without waiting for their delivery. */
async function sendMany(from: Person, to: Person, first: number, count: number): Promise<void> {
  for (let index = first; index < first + count; index++) {
    await sendText(from, to, `text ${index}`);
    if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `text ${index}`);
}

test.each([
  [
    'SIGTERM',
    async (station: StationProcess) => {
      expect((await station.stop()).status).toBe(0);
    },
  ],
  ['SIGKILL', (station: StationProcess) => station.kill()],
])(
  'restarts by %s during a conversation lose no message and deliver none twice',
  async (_name, end) => {
    const data = await temporaryFolder();
    let station = await startStation(data);
    const { port } = station;
    const [moki, hulk] = await people('moki', 'hulk');
    await logIn(moki, port);
    await logIn(hulk, port);
    const sending = sendMany(moki, hulk, 0, 250);
    for (let restarts = 0; restarts < 3; restarts++) {
      const seen = hulk.texts.length;
      await until(() => hulk.texts.length > seen + 20, 60_000);
      await end(station);
      station = await startStation(data, ['--port', String(port)]);
    }
    await sending;
    await until(() => hulk.texts.length >= 250, 90_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([...hulk.texts].sort()).toEqual([...numbered(250)].sort());
    await station.stop();
  },
  180_000,
);

test('a backup under load contains everything acknowledged before, and starts as the same station', async () => {
  const folder = await temporaryFolder();
  const station = await startStation(join(folder, 'data'), ['--files-min-free-bytes', '0']);
  const [moki, hulk] = await people('moki', 'hulk');
  await logIn(moki, station.port);
  // The station knows hulk, who is offline, so it stores the messages.
  const there = await logIn(hulk, station.port);
  await there.stop();
  const deliveries = await Promise.all(
    Array.from({ length: 60 }, (_, index) => sendText(moki, hulk, `text ${index}`)),
  );
  await Promise.all(
    deliveries.map((delivery) => delivery.reached('delivered', AbortSignal.timeout(30_000))),
  );
  const upload = await fetch(`http://127.0.0.1:${station.port}/f/one.bin`, {
    method: 'PUT',
    body: new Uint8Array(10_000),
  });
  expect(upload.ok).toBe(true);
  const sending = sendMany(moki, hulk, 60, 100);
  const backup = join(folder, 'backup');
  const ended = await run(['backup', backup, '--data', station.data, '--json']);
  expect(JSON.parse(ended.stdout)).toEqual({ backup, files: 1, bytes: expect.any(Number) });
  expect(ended.status).toBe(0);
  await sending;
  await station.kill();

  const restored = await startStation(backup);
  expect(restored.id).toBe(station.id);
  const file = await fetch(`http://127.0.0.1:${restored.port}/f/one.bin`);
  expect((await file.arrayBuffer()).byteLength).toBe(10_000);
  await logIn(hulk, restored.port);
  await until(() => hulk.texts.length >= 60);
  expect(hulk.texts.slice(0, 60)).toEqual(numbered(60));
  await restored.stop();
}, 120_000);

test('a stopped station can be backed up without files, and an existing target is refused', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const missing = await run(['backup', join(folder, 'copy'), '--data', data]);
  expect(missing.status).toBe(67);
  const station = await startStation(data);
  await station.stop();
  const copy = join(folder, 'copy');
  expect((await run(['backup', copy, '--data', data, '--no-user-files'])).status).toBe(0);
  const again = await run(['backup', copy, '--data', data, '--json']);
  expect(again.status).toBe(75);
  expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'store/conflict' } });
  const inside = await run(['backup', join(data, 'copy'), '--data', data]);
  expect(inside.status).toBe(64);
  const restored = await startStation(copy);
  expect(restored.id).toBe(station.id);
  // The running station refuses for the same reasons.
  expect((await run(['backup', copy, '--data', copy])).status).toBe(64);
  expect((await run(['backup', data, '--data', copy])).status).toBe(75);
  await restored.stop();
});

test('a running and a stopped station forget a user together with their messages', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const station = await startStation(data);
  const [moki, hulk] = await people('moki', 'hulk');
  await logIn(moki, station.port);
  await (await logIn(hulk, station.port)).stop();
  const text = hulk.id.text;
  const send = async () => {
    const delivery = await sendText(moki, hulk, 'waits');
    await delivery.reached('delivered', AbortSignal.timeout(30_000));
  };
  await send();
  const forget = async (id: string) => {
    const ended = await run(['forget', id, '--data', data, '--json']);
    return [ended.status, JSON.parse(ended.stdout)];
  };
  expect(await forget(text)).toEqual([0, { forgotten: text, known: true, messages: 1 }]);
  expect(await forget(text)).toEqual([0, { forgotten: text, known: false, messages: 0 }]);
  expect((await run(['forget', 'nobody at all', '--data', data])).status).toBe(69);
  expect((await run(['forget', station.id, '--data', data])).status).toBe(65);
  const back = await logIn(hulk, station.port);
  await back.stop();
  await send();
  await station.stop();
  expect(await forget(text)).toEqual([0, { forgotten: text, known: true, messages: 1 }]);
  const again = await startStation(data);
  expect(again.id).toBe(station.id);
  await logIn(hulk, again.port);
  expect(hulk.texts).toEqual([]);
  await again.stop();
}, 120_000);

test('a policy of the operator refuses messages, and metrics count the refusals', async () => {
  const folder = await temporaryFolder();
  const policy = join(folder, 'policy.mjs');
  await writeFile(
    policy,
    `export function policy({ envelope }) {
      return envelope.sender.name === 'moki' ? { refuse: 'Not today.' } : 'accept';
    }`,
  );
  const station = await startStation(join(folder, 'data'), ['--policy', policy]);
  const [moki, hulk] = await people('moki', 'hulk');
  await logIn(moki, station.port);
  await logIn(hulk, station.port);
  const refused = await sendText(moki, hulk, 'from moki');
  await sendText(hulk, moki, 'from hulk');
  await until(() => moki.texts.length > 0);
  expect(moki.texts).toEqual(['from hulk']);
  expect(hulk.texts).toEqual([]);
  expect(refused.state).not.toBe('received');
  const metrics = await (await fetch(`http://127.0.0.1:${station.port}/metrics`)).text();
  expect(metrics).toMatch(/refused[a-z_]*\{code="policy\/unauthorized"\} [1-9]/);
  await station.stop();
});

test('the log at the most detailed level contains no text, session key, private key or signature', async () => {
  const station = await startStation(await temporaryFolder(), ['--log-level', 'trace']);
  const [moki, hulk] = await people('moki', 'hulk');
  const secrets: string[] = [];
  const before = await logIn(moki, station.port);
  await logIn(hulk, station.port);
  const secret = 'the words that nobody else may read';
  await (await sendText(moki, hulk, secret)).reached('received', AbortSignal.timeout(20_000));
  await (await sendText(hulk, moki, `${secret} again`)).reached(
    'received',
    AbortSignal.timeout(20_000),
  );
  // Requests and messages that fail.
  await fetch(`http://127.0.0.1:${station.port}/f/${encodeURIComponent(secret)}`);
  await moki.messenger.send(Text.create({ text: secret }), moki.id).catch(() => undefined);
  await before.stop();
  for (const person of [moki, hulk]) {
    for await (const [, value] of person.facebook.store.list([])) {
      secrets.push(...stringsOf(new TextDecoder().decode(value)));
    }
  }
  const { stdout, stderr } = await station.stop();
  const log = stdout + stderr;
  expect(log).toContain('connection.opened');
  expect(log).not.toContain('nobody else');
  expect(log).not.toMatch(/PRIVATE|BEGIN|"(?:session|data|key|signature)":"[^"]{16,}/);
  // Session keys are 32 bytes in hexadecimal digits.
  expect(log).not.toMatch(/[0-9a-f]{64}/i);
  expect(secrets.length).toBeGreaterThan(10);
  for (const each of secrets) expect(log).not.toContain(each);
});

/** All long strings in some JSON: keys, signatures, contents. */
function stringsOf(text: string): readonly string[] {
  return [...text.matchAll(/"([A-Za-z0-9+/=_.\\n -]{24,})"/g)].map(([, word = '']) => word);
}
