import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbStore } from '@dimp/store-lmdb';
import { seededRandom } from '@dimp/testing/network';
import { expect, onTestFinished, test } from 'vitest';
import { PageCache } from '../../src/conversations/page-cache.ts';
import { RangeReader } from '../../src/conversations/window-range.ts';
import { History } from '../../src/history/history.ts';

const MESSAGES = 1_000_000;
const BATCH = 2000;
const START = 1_700_000_000_000;
const PEER = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';

test('a conversation of 1,000,000 messages over LMDB opens within 20 ms, wherever', {
  timeout: 0,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chat-million-'));
  const store = await lmdbStore({ path: folder });
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const history = new History({
    store,
    user: 'moki@4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk',
    clock: { now: () => START + MESSAGES * 1000 },
    random: seededRandom(1),
    readers: [],
    onDamaged: (error) => expect.unreachable(String(error)),
  });
  const begun = performance.now();
  for (let from = 0; from < MESSAGES; from += BATCH) await fill(history, from);
  const perSecond = Math.round(MESSAGES / ((performance.now() - begun) / 1000));

  const places = {
    newest: 'newest',
    unread: 'unread',
    middle: { time: START + (MESSAGES / 2) * 1000 },
    oldest: { time: START },
  } as const;
  const durations: Record<string, number> = {};
  for (const [name, place] of Object.entries(places)) {
    const all: number[] = [];
    for (let round = 0; round < 20; round++) {
      const since = performance.now();
      const chat = await history.chat(PEER);
      const reader = new RangeReader(history, PEER, new PageCache(history, PEER));
      const messages = await reader.read(await reader.at(place, 60, chat));
      all.push(performance.now() - since);
      expect(messages).toHaveLength(60);
    }
    all.sort((a, b) => a - b);
    durations[name] = Math.round((all[10] as number) * 10) / 10;
  }
  console.log(`${JSON.stringify({ perSecond, medianMs: durations })}`);
  for (const duration of Object.values(durations)) expect(duration).toBeLessThan(20);
});

async function fill(history: History, from: number): Promise<void> {
  await history.change(PEER, 'person', async (edit) => {
    for (let at = from; at < from + BATCH; at++) {
      const stamp = START + at * 1000;
      const ref = at.toString(36).padStart(22, 'r');
      const content = { type: '1', sn: at + 1, time: stamp / 1000, text: `message number ${at}` };
      await edit.add({
        ref: [...ref].reverse().join(''),
        ids: [],
        sender: PEER,
        kind: 'text',
        content,
        time: stamp,
        arrived: stamp,
        stamp,
      });
    }
    if (from === MESSAGES / 4) {
      const { last } = edit.chat;
      if (last !== undefined) edit.read(last);
    }
  });
}
