import { utf8Encode } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { acceptTcp, connectTcp } from '../src/index.ts';
import { listening } from './raw-peer.node.ts';

test('two peers that flood each other with small messages do not wait for each other', async () => {
  const { port, accepted } = await listening();
  const left = await connectTcp({ host: '127.0.0.1', port })({ maxPayloadBytes: 1000 });
  const right = acceptTcp(await accepted, { maxPayloadBytes: 1000 });
  const payload = utf8Encode('{"a":1}');
  const count = 40_000;
  const sendings = [left, right].flatMap((end) =>
    Array.from({ length: count }, () => end.send(payload)),
  );
  const reading = [left, right].map(async (end) => {
    let read = 0;
    for await (const arrival of end.incoming) {
      arrival.acknowledge();
      read += 1;
      // Now and then one of them is busy.
      if (read % 10_000 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      if (read === count) return read;
    }
    return read;
  });
  expect(await Promise.all(reading)).toEqual([count, count]);
  await Promise.all(sendings);
  await Promise.all([left.close(), right.close()]);
});
