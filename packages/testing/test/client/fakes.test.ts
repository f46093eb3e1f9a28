import { expect, test, vi } from 'vitest';
import { clientOf, liveValue, simulatedWorld } from '../../src/client.ts';

test('a live value of a test shows what it is set to, and the same object for equal content', async () => {
  const live = liveValue<readonly { readonly id: string; readonly n: number }[]>([]);
  const heard: unknown[] = [];
  live.subscribe((value) => heard.push(value));
  expect(await live.ready).toEqual([]);
  live.set([{ id: 'a', n: 1 }]);
  await vi.waitFor(() => expect(live.current).toEqual([{ id: 'a', n: 1 }]));
  const before = live.current;
  live.set([{ id: 'a', n: 1 }]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(live.current).toBe(before);
  expect(heard).toEqual([[], [{ id: 'a', n: 1 }]]);
});

test('a client of a test is empty where nothing is given, and names the calls that are missing', async () => {
  const list = liveValue([]);
  const client = clientOf({ chats: { list: () => list } });
  expect(client.chats.list()).toBe(list);
  expect(await client.chats.unread.ready).toMatchObject({ messages: 0 });
  expect(await client.session.ready).toEqual({ state: 'online', waiting: 0 });
  expect(await client.contacts.list.ready).toEqual([]);
  expect(() => client.chats.open('x')).toThrow('chats.open');
  expect(() => client.contacts.add('x')).toThrow('contacts.add');
  await client.close();
});

test('a person who is offline gets what was written meanwhile, and their own messages leave then', async () => {
  const world = await simulatedWorld({ people: ['ana', 'bo'] });
  world.network.offline('ana');
  await world.bo.say('ana', 'Are you there?');
  await world.clock.advance('1s');
  await world.ana.say('bo', 'Hello?');
  await world.settle();
  expect(await world.ana.client.session.ready).toMatchObject({ state: 'offline', waiting: 1 });
  expect(await world.ana.read('bo')).toEqual(['Hello?']);
  world.network.online('ana');
  await world.clock.advance('1min');
  await world.settle();
  expect(await world.bo.read('ana')).toEqual(['Are you there?', 'Hello?']);
  expect(await world.ana.read('bo')).toEqual(['Are you there?', 'Hello?']);
  await world.close();
});

test('a person who was killed finds everything again', async () => {
  const world = await simulatedWorld({ people: ['ana', 'bo'] });
  await world.bo.say('ana', 'one');
  await world.settle();
  await world.kill('ana');
  await world.bo.say('ana', 'two');
  await world.settle();
  await world.restart('ana');
  await world.settle();
  expect(await world.ana.read('bo')).toEqual(['one', 'two']);
  await world.close();
});

test('on a network that loses, repeats and reorders packets everything arrives once, as the seed decides', async () => {
  const run = async (seed: number): Promise<readonly string[]> => {
    const faults = { drop: 0.2, duplicate: 0.2, reorder: 0.2 };
    const world = await simulatedWorld({ people: ['ana', 'bo'], seed, faults });
    for (let count = 0; count < 10; count++) await world.bo.say('ana', `m${count}`);
    await world.clock.advance('10min');
    const texts = await world.ana.read('bo');
    await world.close();
    return texts;
  };
  expect(await run(3)).toEqual(Array.from({ length: 10 }, (_, count) => `m${count}`));
});

test('a name that is not in the world, or there already, is an error', async () => {
  const world = await simulatedWorld({ people: ['ana'] });
  await expect(world.join('ana')).rejects.toThrow('already');
  expect(() => world.person('zoe')).toThrow('zoe');
  await expect(simulatedWorld({ people: ['settle'] })).rejects.toThrow('settle');
  await world.close();
});

test.each([['3 hours'], ['h'], ['']])('a time such as "%s" is refused', async (time) => {
  const world = await simulatedWorld({ people: [] });
  expect(() => world.clock.advance(time)).toThrow(TypeError);
  await world.close();
});
