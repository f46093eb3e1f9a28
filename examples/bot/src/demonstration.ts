import assert from 'node:assert/strict';
import { simulatedWorld } from '@dimp/testing/client';
import { makeBot } from './bot.ts';

/** People write to the bot on a simulated network: no station, no waiting. Tests of a bot work like this. */
export async function demonstrate(show: (line: string) => void = console.log): Promise<void> {
  const world = await simulatedWorld({ people: ['robot', 'ana', 'bo'], seed: 1 });
  const stop = new AbortController();
  const running = makeBot(world.robot.client).run({ signal: stop.signal });
  const { ana, bo } = world;

  /** Says something to the bot. @returns its answer */
  const ask = async (person: typeof ana, text: string): Promise<string | undefined> => {
    await person.say('robot', text);
    await world.settle();
    const answer = (await person.read('robot')).at(-1);
    show(`${person.name}: ${text}\nrobot: ${answer}`);
    return answer;
  };

  assert.equal(await ask(ana, 'Is anybody there?'), 'Is anybody there?');
  assert.match((await ask(ana, '/roll 20')) ?? '', /^You roll \d+\.$/);
  assert.match((await ask(ana, '/pizza')) ?? '', /^Which one\?/);
  assert.equal(await ask(bo, 'funghi'), 'funghi'); // Bo orders nothing.
  assert.equal(await ask(ana, 'funghi'), 'Where to?');
  // The bot is killed and started again. What Ana writes meanwhile waits for it.
  await world.kill('robot');
  await running;
  await ana.say('robot', '/cancel');
  await world.restart('robot');
  const again = makeBot(world.robot.client).run({ signal: stop.signal });
  await world.settle();
  assert.equal((await ana.read('robot')).at(-1), 'Cancelled.');

  stop.abort();
  await again;
  await world.close();
}
