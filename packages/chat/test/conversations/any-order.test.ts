import { refOf } from '@dimp/extensions/chat';
import type { JsonObject } from '@dimp/foundation';
import { type SeededRandom, seededRandom } from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { befriend, type Person, World } from './world.ts';

/** Messages of moki and thor to a conversation, and what they say about their own messages and those of the other one. */
function contentsFor(sender: Person, start: number): JsonObject[] {
  const { id } = sender;
  const contents: JsonObject[] = [];
  for (let target = 0; target < 3; target++) {
    const [sn, time] = [target + 1, start + target];
    const ref = refOf({ sender: id, sn, time });
    const named = { sender: id.text, sn, time, ref };
    const origin = { type: '1', sn, time, ref };
    const silent = { type: 204, app: 'dimp.chat', target: named };
    contents.push({ time, type: 1, sn, text: `text ${target}` });
    for (let version = 1; version <= 3; version++) {
      const edited = start + 10 + version;
      contents.push({ time, type: 1, sn, action: 'edit', edited, text: `edit ${version}`, origin });
      const emojis = version === 2 ? ['👍', '🎉'] : ['😀'];
      const said = start + 20 + version;
      contents.push({ ...silent, time: said, sn: 100 + said, mod: 'reaction', act: 'set', emojis });
      const on = version !== 2;
      contents.push({ ...silent, time: said, sn: 200 + said, mod: 'pin', act: 'set', on });
    }
    const recall = { time, type: 1, sn, action: 'recall', edited: start + 30, text: 'x', origin };
    if (target === 2) contents.push(recall);
  }
  return contents;
}

/** The stored annotations, by message, after all packets came in some order. */
async function outcome(packets: readonly Uint8Array[], random: SeededRandom): Promise<JsonObject> {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await befriend(moki, hulk);
  // Each twice, in any order.
  const order = [...packets, ...packets]
    .map((bytes) => ({ bytes, at: random.integer(1_000_000) }))
    .sort((a, b) => a.at - b.at);
  for (const { bytes } of order) {
    if (random.integer(6) === 0) {
      const afterWrites = random.integer(2);
      hulk.store.crash({ afterWrites, unacknowledged: random.integer(2) === 0 });
      await world.deliver(bytes, hulk).catch(() => undefined);
      await world.restart(hulk);
    }
    await world.deliver(bytes, hulk);
  }
  const found: Record<string, JsonObject> = {};
  for await (const [, value] of hulk.durable.list(['msg', hulk.id.entity])) {
    const { ref, content, annotations } = JSON.parse(new TextDecoder().decode(value));
    found[ref] = { text: content.text ?? null, annotations: annotations ?? null };
  }
  return found;
}

test('annotations in any order, repeated, and with crashes between them give one record', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await befriend(moki, hulk);
  const packets: Uint8Array[] = [];
  for (const wire of contentsFor(moki, world.time.now() / 1000 - 60)) {
    packets.push(await world.forged(moki, wire, hulk));
  }
  const outcomes: JsonObject[] = [];
  for (let seed = 1; seed <= 5; seed++) outcomes.push(await outcome(packets, seededRandom(seed)));
  const [first] = outcomes;
  expect(Object.keys(first ?? {})).toHaveLength(3);
  expect(JSON.stringify(first)).toContain('edit 3');
  expect(JSON.stringify(first)).toContain('recalled');
  for (const each of outcomes) expect(each).toEqual(first);
});
