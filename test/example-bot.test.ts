import { expect, test } from 'vitest';
import { demonstrate } from '../examples/bot/src/demonstration.ts';

test('the example of a bot answers commands, keeps a dialogue per person, and survives its end', async () => {
  const lines: string[] = [];
  await demonstrate((line) => lines.push(line));
  expect(lines.join('\n')).toContain('robot: Where to?');
});
