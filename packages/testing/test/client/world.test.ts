import { expect, test } from 'vitest';
import { simulatedWorld } from '../../src/client.ts';

test('people on a simulated network write to each other', async () => {
  const world = await simulatedWorld({ people: ['ana', 'bo'], seed: 7 });
  await world.bo.say('ana', 'Dinner?');
  await world.settle();
  expect(await world.ana.read('bo')).toEqual(['Dinner?']);
  await world.ana.say('bo', 'At eight');
  await world.settle();
  expect(await world.bo.read('ana')).toEqual(['Dinner?', 'At eight']);
  await world.close();
});
