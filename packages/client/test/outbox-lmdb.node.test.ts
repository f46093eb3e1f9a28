import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Text } from '@dimp/extensions/contents';
import { lmdbStore } from '@dimp/store-lmdb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acquaint, text, World } from './world.ts';

const SECOND = 1000;

/** Two people with files of their own. */
async function peersOnDisk() {
  const world = new World();
  const open = async (name: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'messenger-'));
    const store = await lmdbStore({ path: join(folder, 'store') });
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });
    return world.join(name, { store });
  };
  const [moki, hulk] = [await open('moki'), await open('hulk')];
  await acquaint(moki, hulk);
  return { world, moki, hulk };
}

describe('over LMDB', () => {
  test('a message outlives its sender’s and its receiver’s program, and is shown once', async () => {
    const { world, moki, hulk } = await peersOnDisk();
    hulk.online = false;
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    await world.restart(moki);
    hulk.online = true;
    // The receipt gets lost, the receiver is killed, and the message comes again.
    world.loses = ({ to }) => to.entity === moki.id.entity;
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
    await world.restart(hulk);
    world.loses = () => false;
    await world.live(60 * SECOND, 10 * SECOND);
    expect(hulk.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('a message goes on waiting after a restart', async () => {
    const { world, moki } = await peersOnDisk();
    const stranger = await world.join('stranger');
    await moki.messenger.send(text('hi'), stranger.id);
    await world.restart(moki);
    await acquaint(moki, stranger);
    await world.carry();
    expect(stranger.shown).toEqual(['hi']);
  });

  test.each(Array.from({ length: 10 }, (_, writes) => writes))(
    'killed after %i more writes, either of them loses nothing that was acknowledged and doubles nothing',
    async (afterWrites) => {
      for (const unacknowledged of [false, true]) {
        for (const victim of ['moki', 'hulk'] as const) {
          const { world, moki, hulk } = await peersOnDisk();
          const shown = new Map<string, string>();
          const program = {
            screen: false,
            prepare: (messenger: typeof hulk.messenger) => {
              messenger.handle(Text, ({ id, content }) => {
                shown.set(id, content.body.text);
              });
            },
          };
          await world.restart(hulk, program);
          const dying = victim === 'moki' ? moki : hulk;
          dying.store.crash({ afterWrites, unacknowledged });
          const acknowledged: string[] = [];
          const tried: string[] = [];
          for (const words of ['one', 'two', 'three']) {
            tried.push(words);
            await moki.messenger
              .send(text(words), hulk.id)
              .then(() => acknowledged.push(words))
              .catch(() => undefined);
          }
          await world.carry().catch(() => undefined);
          await world.restart(dying, dying === hulk ? program : {});
          await world.live(120 * SECOND, 10 * SECOND);
          const texts = [...shown.values()];
          expect(new Set(texts).size).toBe(texts.length);
          expect(acknowledged.filter((words) => !texts.includes(words))).toEqual([]);
          expect(texts.filter((words) => !tried.includes(words))).toEqual([]);
          expect(texts).toEqual(tried.filter((words) => texts.includes(words)));
          expect(await moki.messenger.deliveries()).toEqual([]);
        }
      }
    },
  );
});
