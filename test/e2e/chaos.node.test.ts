import { expect, inject, test } from 'vitest';
import { chaos } from './chaos.node.ts';

test('station and clients killed at random under load lose no sent message, show none twice, and keep the order', async () => {
  const result = await chaos({
    seed: 1,
    clients: 4,
    messages: inject('thorough') ? 500 : 300,
    duration: inject('thorough') ? 9000 : 5000,
    patience: 60_000,
    resendAfter: 3000,
  });
  expect(result).toMatchObject({ lost: [], shownTwice: [], outOfOrder: [] });
  expect(result.sent).toBeGreaterThan(100);
  expect(result.shown).toBeGreaterThanOrEqual(result.sent);
  expect(result.kills.station).toBeGreaterThan(0);
  expect(result.kills.clients).toBeGreaterThan(1);
}, 120_000);
