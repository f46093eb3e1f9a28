import { expect, test, vi } from 'vitest';
import { account, leads, PATIENCE } from './tabs.ts';

test('when the one that leads is killed, the other one takes over, and nothing is lost or doubled', async () => {
  const { hulk, shown, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open();
  for (let n = 0; n < 10; n++) {
    one.tell({ kind: 'send', words: `one ${n}`, to: hulk.text });
    two.tell({ kind: 'send', words: `two ${n}`, to: hulk.text });
    if (n === 5)
      await vi.waitFor(() => expect(one.words('acknowledged').length).toBeGreaterThan(2), PATIENCE);
  }
  one.kill();
  await leads(two);
  await vi.waitFor(() => {
    expect(two.words('acknowledged')).toHaveLength(10);
    for (const words of [...one.words('acknowledged'), ...two.words('acknowledged')]) {
      expect(shown).toContain(words);
    }
  }, PATIENCE);
  expect(new Set(shown).size).toBe(shown.length);
  const received = () =>
    two.reports.filter((each) => each.kind === 'state' && each.state === 'received');
  await vi.waitFor(() => expect(received()).toHaveLength(10), PATIENCE);
  expect(two.words('error')).toEqual([]);
});
