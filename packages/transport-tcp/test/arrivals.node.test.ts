import { settled } from '@dimp/fixtures/time';
import { concatBytes, decodeHex, utf8Encode } from '@dimp/foundation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../src/mtp.ts';
import { chunkSizes, cut, idOf } from './helpers.ts';
import { meetStation, textsOf } from './raw-peer.node.ts';

describe('a message', () => {
  test('is acknowledged after it is on disk, and not before (spec §18 no. 16)', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('message', 1, '{"a":1}');
    peer.send('message', 2, '{"b":1}');
    expect(await peer.heard()).toEqual([]);
    expect(textsOf(arrivals)).toEqual(['{"a":1}', '{"b":1}']);
    arrivals[1]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 2 OK']);
    arrivals[0]?.acknowledge();
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 1 OK']);
  });

  test('that is repeated while it waits is delivered once and acknowledged once', async () => {
    const { peer, arrivals } = await meetStation();
    for (let time = 0; time < 3; time++) peer.send('message', 1, '{"a":1}');
    await settled();
    expect(arrivals).toHaveLength(1);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 1 OK']);
  });

  test('that is repeated later is acknowledged again and not delivered', async () => {
    const { peer, arrivals, time } = await meetStation();
    peer.send('message', 1, '{"a":1}');
    await settled();
    arrivals[0]?.acknowledge();
    await time.pass(121);
    peer.send('message', 1, '{"a":1}');
    expect(await peer.heard()).toEqual(['message-response 1 OK', 'message-response 1 OK']);
    expect(arrivals).toHaveLength(1);
  });

  test('with the id of another message is delivered, whether the other one waits or not', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('message', 1, '{"a":1}');
    peer.send('message', 1, '{"b":1}');
    await settled();
    for (const arrival of arrivals) arrival.acknowledge();
    peer.send('message', 1, '{"c":1}');
    await settled();
    expect(textsOf(arrivals)).toEqual(['{"a":1}', '{"b":1}', '{"c":1}']);
    arrivals[2]?.acknowledge();
    expect(await peer.heard()).toEqual(Array.from({ length: 3 }, () => 'message-response 1 OK'));
  });

  test('without an id is delivered each time (spec §12.2)', async () => {
    const { peer, arrivals } = await meetStation();
    const head = decodeHex('44494d22' + '00000007');
    for (let time = 0; time < 2; time++) peer.write(concatBytes(head, utf8Encode('{"a":1}')));
    await settled();
    expect(textsOf(arrivals)).toEqual(['{"a":1}', '{"a":1}']);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 0 OK']);
  });

  test('that the reader does not acknowledge is delivered again when it is repeated after a minute', async () => {
    const { peer, arrivals, time } = await meetStation();
    peer.send('message', 1, '{"a":1}');
    await time.pass(63);
    peer.send('message', 1, '{"a":1}');
    await settled();
    expect(arrivals).toHaveLength(2);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual([]);
    arrivals[1]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 1 OK']);
  });

  test('is forgotten after five minutes, so that idle connections hold nothing', async () => {
    const { peer, arrivals, time } = await meetStation({ idleTimeout: 1_000_000 });
    peer.send('message', 1, '{"a":1}');
    await settled();
    arrivals[0]?.acknowledge();
    await time.pass(302);
    peer.send('message', 1, '{"a":1}');
    await settled();
    expect(arrivals).toHaveLength(2);
  });

  test.each(['PING', 'PONG', 'NOOP', ''])(
    'that says %j is acknowledged at once and not delivered',
    async (word) => {
      const { peer, arrivals } = await meetStation();
      peer.send('message', 1, word);
      expect(await peer.heard()).toEqual(['message-response 1 OK']);
      expect(arrivals).toEqual([]);
    },
  );
});

describe('a command', () => {
  test('PING is answered at once', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('command', 7, 'PING');
    expect(await peer.heard()).toEqual(['command-response 7 PONG']);
    expect(arrivals).toEqual([]);
  });

  test('of another name is answered with OK', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('command', 7, 'WHO');
    expect(await peer.heard()).toEqual(['command-response 7 OK']);
    expect(arrivals).toEqual([]);
  });

  test('that contains messages delivers them, and is answered when they are on disk', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('command', 7, '{"a":1}');
    expect(await peer.heard()).toEqual([]);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual(['command-response 7 OK']);
  });
});

describe('a response', () => {
  test('that nothing waits for does nothing', async () => {
    const { peer, arrivals } = await meetStation();
    for (const type of ['message-response', 'command-response'] as const) {
      for (const body of ['OK', 'PONG', 'AGAIN', 'garbage', '']) peer.send(type, 3, body);
    }
    expect(await peer.heard()).toEqual([]);
    expect(arrivals).toEqual([]);
  });

  test('that contains messages delivers them, and is not answered', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('message-response', 3, '{"a":1}');
    await settled();
    expect(textsOf(arrivals)).toEqual(['{"a":1}']);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual([]);
  });
});

describe('fragments', () => {
  test('are acknowledged one by one, the last one when the whole is on disk', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('fragment', 5, 'c}', 3, 2);
    peer.send('fragment', 5, '{a', 3, 0);
    expect(await peer.heard()).toEqual(['message-response 5 2/3 OK', 'message-response 5 0/3 OK']);
    peer.send('fragment', 5, 'b', 3, 1);
    expect(await peer.heard()).toEqual([]);
    expect(textsOf(arrivals)).toEqual(['{abc}']);
    peer.send('fragment', 5, 'b', 3, 1);
    peer.send('fragment', 5, 'c}', 3, 2);
    expect(await peer.heard()).toEqual(['message-response 5 2/3 OK']);
    arrivals[0]?.acknowledge();
    peer.send('fragment', 5, 'b', 3, 1);
    expect(await peer.heard()).toEqual(['message-response 5 1/3 OK', 'message-response 5 1/3 OK']);
    expect(arrivals).toHaveLength(1);
  });

  test('of a message that the reader does not acknowledge never are', async () => {
    const { peer, arrivals, time } = await meetStation();
    peer.send('fragment', 5, '{a', 2, 0);
    peer.send('fragment', 5, 'b}', 2, 1);
    await time.pass(63);
    await peer.heard();
    peer.send('fragment', 5, 'b}', 2, 1);
    expect(await peer.heard()).toEqual([]);
    expect(arrivals).toHaveLength(1);
  });

  test('alone in their set are messages', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('fragment', 5, '{"a":1}');
    await settled();
    expect(textsOf(arrivals)).toEqual(['{"a":1}']);
    arrivals[0]?.acknowledge();
    expect(await peer.heard()).toEqual(['message-response 5 OK']);
  });

  test('that contradict each other close the connection', async () => {
    const { peer, end } = await meetStation();
    peer.send('fragment', 5, '{a', 3, 0);
    peer.send('fragment', 5, 'b}', 2, 1);
    expect(await end).toBe('transport/protocol');
  });

  test('that are too long together close the connection', async () => {
    const { peer, end, arrivals } = await meetStation({ maxPayloadBytes: 1000 });
    for (let index = 0; index < 3; index++) peer.send('fragment', 5, 'x'.repeat(400), 3, index);
    expect(await end).toBe('format/limit');
    expect(arrivals).toEqual([]);
  });
});

test('the same messages arrive wherever the bytes are divided, with all forms of heads', async () => {
  const frames = [
    encodeFrame({ type: 'message', id: idOf(1), body: utf8Encode('{"a":"🐢"}') }),
    concatBytes(decodeHex('44494d2200000007'), utf8Encode('{"b":1}')),
    utf8Encode('garbage DIM\u0001 garbage D DI DIMX'),
    encodeFrame({ type: 'command', id: idOf(2), body: utf8Encode('PING') }),
    encodeFrame({ type: 'fragment', id: idOf(3), pages: 2, index: 1, body: utf8Encode('2}') }),
    encodeFrame({ type: 'fragment', id: idOf(3), pages: 2, index: 0, body: utf8Encode('{1') }),
    // 24 bytes of head around a message of one page.
    concatBytes(
      decodeHex('44494d62' + '0000000000000009' + '00000001' + '00000000' + '00000007'),
      utf8Encode('{"c":1}'),
    ),
  ];
  const stream = concatBytes(...frames);
  await fc.assert(
    fc.asyncProperty(chunkSizes, async (sizes) => {
      const { peer, arrivals } = await meetStation();
      for (const chunk of cut(stream, sizes)) {
        peer.write(chunk);
        if (sizes.length % 2 === 0) await new Promise(setImmediate);
      }
      await settled();
      expect(textsOf(arrivals)).toEqual(['{"a":"🐢"}', '{"b":1}', '{12}', '{"c":1}']);
      peer.socket.destroy();
    }),
    { numRuns: 40 },
  );
});

test('bytes that were read before are the first ones', async () => {
  const frame = encodeFrame({ type: 'message', id: idOf(1), body: utf8Encode('{"a":1}') });
  const { peer, arrivals } = await meetStation({ head: frame.subarray(0, 11) });
  peer.write(frame.subarray(11));
  peer.send('message', 2, '{"b":1}');
  await settled();
  expect(textsOf(arrivals)).toEqual(['{"a":1}', '{"b":1}']);
});
