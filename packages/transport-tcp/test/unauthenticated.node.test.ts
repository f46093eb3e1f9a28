import { utf8Encode } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { acceptTcp, connectTcp } from '../src/index.ts';
import { listening } from './raw-peer.node.ts';

test('a peer may send only short payloads until the server allows longer ones, fragments included', async () => {
  for (const isProven of [false, true]) {
    const { port, accepted } = await listening();
    const left = await connectTcp({ host: '127.0.0.1', port })({ maxPayloadBytes: 1_000_000 });
    const right = acceptTcp(await accepted, { maxPayloadBytes: 1_000_000 });
    right.limitPayloads?.(10_000);
    const arrivals = right.incoming[Symbol.asyncIterator]();
    const short = left.send(utf8Encode('{'.repeat(10_000)));
    const first = await arrivals.next();
    first.value?.acknowledge();
    await short;
    if (isProven) right.limitPayloads?.(undefined);
    const long = left.send(utf8Encode('{'.repeat(10_001)));
    if (isProven) {
      const second = await arrivals.next();
      expect(second.value?.payload.length).toBe(10_001);
      second.value?.acknowledge();
      await long;
    } else {
      await expect(arrivals.next()).rejects.toMatchObject({ code: 'format/limit' });
      await expect(long).rejects.toMatchObject({ code: 'transport/closed' });
    }
    await Promise.all([left.close(), right.close()]);
  }
});
