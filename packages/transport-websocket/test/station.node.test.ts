import { createServer } from 'node:http';
import type { Transport } from '@dimp/core';
import { settled } from '@dimp/fixtures/time';
import { concatBytes, utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { acceptWebSocket, webSocketServerOptions } from '../src/server.ts';
import { listening, type Meeting, meetStation, message, state, textsOf } from './meeting.node.ts';

function ack(signature: string): string {
  return `ACK:${JSON.stringify({ time: 1_700_000_000.25, signature })}`;
}

describe('a message in many fragments', () => {
  test('closes the connection when it has more fragments than its length explains', async () => {
    const { maxFragments, maxBufferedChunks } = webSocketServerOptions({
      maxPayloadBytes: 100_000,
    });
    expect([maxFragments, maxBufferedChunks]).toEqual([98, 196]);
    const { transport, peer, end } = await meetStation({ maxPayloadBytes: 100_000 });
    for (let count = 0; count < 200; count++) peer.send('x', { fin: false });
    expect(await end).toBe('transport/protocol');
    await transport.close();
  });

  test('of a peer that may send only short ones is refused before it is complete, and later ones may be long', async () => {
    const server = createServer();
    const upgrade = new WebSocketServer(webSocketServerOptions({ maxPayloadBytes: 2_000_000 }));
    const meetings: Transport[] = [];
    server.on('upgrade', (request, connection, head) => {
      upgrade.handleUpgrade(request, connection, head, (socket) => {
        const transport = acceptWebSocket(socket, { maxPayloadBytes: 2_000_000, connection });
        transport.limitPayloads?.(10_000);
        meetings.push(transport);
      });
    });
    const port = await listening(server);
    const dial = async (): Promise<WebSocket> => {
      const peer = new WebSocket(`ws://127.0.0.1:${port}/`);
      peer.on('error', () => undefined);
      await new Promise((resolve) => peer.on('open', resolve));
      return peer;
    };
    const closed = (peer: WebSocket) => new Promise((resolve) => peer.on('close', resolve));
    const stranger = await dial();
    for (let count = 0; count < 50; count++) stranger.send('x'.repeat(9000), { fin: false });
    await closed(stranger);
    const whole = await dial();
    whole.send('x'.repeat(10_001));
    expect(await closed(whole)).toBe(1009);
    const friend = await dial();
    const transport = meetings.at(-1);
    const arrivals = transport?.incoming[Symbol.asyncIterator]();
    for (let count = 0; count < 40; count++) {
      friend.send('{'.repeat(9000));
      const next = await arrivals?.next();
      next?.value.acknowledge();
    }
    transport?.limitPayloads?.(undefined);
    friend.send('{'.repeat(1_000_000));
    const long = await arrivals?.next();
    expect(long?.value.payload.length).toBe(1_000_000);
    await transport?.close();
  });
});

describe('a client that acknowledges', () => {
  test('has received only what it acknowledges, from its first ACK on', async () => {
    const { transport, peer } = await meetStation({}); // which answers pings as well
    const sendings = ['A', 'B', 'C'].map((signature) => transport.send(message(signature)));
    for (const sending of sendings) sending.catch(() => undefined);
    peer.send(ack('A'));
    expect(await state(sendings[0]!)).toBe('sent');
    const later = ['D', 'E'].map((signature) => transport.send(message(signature)));
    expect(await state(later[0]!)).toBe('waits');
    peer.send(ack('E'));
    expect(await state(later[1]!)).toBe('sent');
    expect(await state(later[0]!)).toBe('waits');
    peer.send(ack('D'));
    expect(await state(later[0]!)).toBe('sent');
  });

  test('is not misled by the word `signature` inside other members (spec §14.6 no. 51)', async () => {
    const { transport, peer } = await meetStation();
    peer.send(ack('first'));
    await settled();
    const tricky = utf8Encode(
      '{"data":"\\"signature\\":\\"INNER\\"","more":{"signature":"NESTED"},"time":1,"signature":"OUTER"}',
    );
    const sending = transport.send(tricky);
    for (const signature of ['INNER', 'NESTED', '\\', 'OUTE', 'OUTER ']) peer.send(ack(signature));
    expect(await state(sending)).toBe('waits');
    peer.send(ack('OUTER'));
    expect(await state(sending)).toBe('sent');
  });

  test.each([
    ['short names', '{"V":"SIG","W":1}', 'SIG'],
    ['a long name beside a short one', '{"V":"OTHER","signature":"SIG"}', 'SIG'],
    ['escapes', '{"signature":"S\\/\\u0049G"}', 'S/IG'],
    ['names from the prototype', '{"constructor":1,"signature":"SIG"}', 'SIG'],
  ])('is understood with %s', async (_, text, signature) => {
    const { transport, peer } = await meetStation();
    peer.send(ack('first'));
    await settled();
    const sending = transport.send(utf8Encode(text));
    expect(await state(sending)).toBe('waits');
    peer.send(ack(signature));
    expect(await state(sending)).toBe('sent');
  });

  test('has received a payload of several messages when it has acknowledged all of them', async () => {
    const { transport, peer } = await meetStation();
    peer.send(ack('first'));
    await settled();
    const sending = transport.send(concatBytes(message('A'), utf8Encode('\n'), message('B')));
    peer.send(ack('A'));
    peer.send(ack('A'));
    expect(await state(sending)).toBe('waits');
    peer.send(ack('B'));
    expect(await state(sending)).toBe('sent');
  });

  test('may acknowledge a message that was sent twice both times', async () => {
    const { transport, peer } = await meetStation();
    peer.send(ack('first'));
    await settled();
    const sendings = [transport.send(message('A')), transport.send(message('A'))];
    await settled();
    peer.send(ack('A'));
    expect(await state(Promise.all(sendings))).toBe('sent');
  });

  test('that does not acknowledge for two minutes is logged, and stays connected', async () => {
    const { transport, peer, time } = await meetStation();
    peer.send(ack('first'));
    await settled();
    const sending = transport.send(message('A'));
    sending.catch(() => undefined);
    await time.pass(121);
    expect(await state(sending)).toBe('transport/timeout');
    const next = transport.send(message('B'));
    await settled();
    peer.send(ack('A'));
    peer.send(ack('B'));
    expect(await state(next)).toBe('sent');
  });

  test.each([
    'ACK:',
    'ACK:{}',
    'ACK:{"signature":1}',
    'ACK:[1]',
    'ACK:{"signature":"A"',
    `ACK:{"signature":"A","pad":"${'x'.repeat(5000)}"}`,
  ])('with %j is ignored', async (text) => {
    const { transport, peer, end, arrivals } = await meetStation();
    const sending = transport.send(message('A'));
    peer.send(text);
    expect(await state(sending)).toBe('sent'); // by its pong
    expect(arrivals).toEqual([]);
    expect(await Promise.race([end, settled().then(() => 'lives')])).toBe('lives');
  });
});

describe('a client that never acknowledges', () => {
  test('has received what was written before a ping that it answers', async () => {
    const { transport, peer, heard } = await meetStation({ autoPong: false });
    const pings: Uint8Array[] = [];
    peer.on('ping', (data) => pings.push(data));
    const sending = transport.send(message('A'));
    expect(await state(sending)).toBe('waits');
    expect(heard).toHaveLength(1);
    const [ping] = pings;
    peer.pong(Buffer.from('other'));
    expect(await state(sending)).toBe('waits');
    peer.pong(ping);
    expect(await state(sending)).toBe('sent');
  });

  test('gets one ping for many messages, and another one for those sent meanwhile', async () => {
    const { transport, peer } = await meetStation({ autoPong: false });
    const pings: Uint8Array[] = [];
    peer.on('ping', (data) => pings.push(data));
    const early = transport.send(message('A'));
    await settled();
    const late = Array.from({ length: 50 }, (_, n) => transport.send(message(`B${n}`)));
    await settled();
    expect(pings).toHaveLength(1);
    peer.pong(pings[0]);
    expect(await state(early)).toBe('sent');
    expect(await state(late[0]!)).toBe('waits');
    expect(pings).toHaveLength(2);
    peer.pong(pings[1]);
    expect(await state(Promise.all(late))).toBe('sent');
  });

  test('nor answers pings, but sends messages, counts as having received what was written, until it answers one', async () => {
    const { transport, peer, time } = await meetStation({ autoPong: false });
    const pings: Uint8Array[] = [];
    peer.on('ping', (data) => pings.push(data));
    const sending = transport.send(message('A'));
    await time.pass(10);
    // Silence may as well be a bad line.
    expect(await state(sending)).toBe('waits');
    peer.send('PING');
    await settled();
    await time.pass(1);
    expect(await state(sending)).toBe('sent');
    expect(await state(transport.send(message('B')))).toBe('sent');
    peer.pong(pings[0]);
    await settled();
    const last = transport.send(message('C'));
    last.catch(() => undefined);
    expect(await state(last)).toBe('waits');
    await time.pass(10);
    peer.send('PING');
    await time.pass(2);
    // It can, so that it merely does not read now.
    expect(await state(last)).toBe('waits');
  });
});

describe('frames', () => {
  test('are sent as text, each in one', async () => {
    const { transport, heard } = await meetStation();
    await transport.send(message('🐢'));
    expect(heard).toEqual(['{"time":1700000000.25,"signature":"🐢"}']);
  });

  test('of bytes that are not text are not sent', async () => {
    const { transport } = await meetStation();
    expect(await state(transport.send(Uint8Array.of(0xff)))).toBe('format/bytes');
  });

  test('with control words are answered or ignored, and are not payloads (spec §12.6)', async () => {
    const { peer, heard, arrivals } = await meetStation();
    for (const word of ['PING', 'PONG', 'NOOP', 'OK', '', 'PING2', 'ping']) peer.send(word);
    await settled();
    expect(heard).toEqual(['PONG']);
    expect(textsOf(arrivals)).toEqual(['PING2', 'ping']);
  });

  test('may be text or binary, whole or in any number of fragments, with pings in between', async () => {
    const { peer, arrivals } = await meetStation();
    peer.send('{"a":"🐢"}');
    peer.send(Buffer.from('{"b":1}'));
    for (const [index, part] of ['{"c', '":', '"', '🐢', '"}'].entries()) {
      peer.send(part, { fin: index === 4, binary: false });
      peer.ping('in between');
    }
    await settled();
    expect(textsOf(arrivals)).toEqual(['{"a":"🐢"}', '{"b":1}', '{"c":"🐢"}']);
  });

  test('that are too long close the connection with 1009, before they are read', async () => {
    for (const send of [
      (peer: Meeting['peer']) => peer.send('x'.repeat(1001)),
      (peer: Meeting['peer']) => {
        for (let n = 0; n < 5; n++) peer.send('x'.repeat(300), { fin: false });
      },
    ]) {
      const { peer, end, arrivals } = await meetStation({ maxPayloadBytes: 1000 });
      const code = new Promise((resolve) => {
        peer.on('close', resolve);
      });
      send(peer);
      expect(await end).toBe('format/limit');
      expect(await code).toBe(1009);
      expect(arrivals).toEqual([]);
    }
  });

  test.each([
    ['of a reserved opcode', [0x83, 0x80, 1, 2, 3, 4], 1002],
    ['that are not masked', [0x81, 0x01, 0x61], 1002],
    ['that are no UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ['that announce 2⁶³ bytes', [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], 1009],
  ])('%s close the connection', async (_, bytes, expected) => {
    const { peer, end } = await meetStation();
    const code = new Promise((resolve) => {
      peer.on('close', resolve);
    });
    rawSocketOf(peer).write(Uint8Array.from(bytes));
    expect(await end).toMatch(/transport\/protocol|format\/limit/);
    expect(await code).toBe(expected);
  });
});

describe('a connection', () => {
  test('is closed when nothing arrives for 128 s; pings of the peer count', async () => {
    const { peer, time, end } = await meetStation();
    for (let step = 0; step < 3; step++) {
      await time.pass(100);
      peer.ping();
      await settled();
    }
    expect(await Promise.race([end, settled().then(() => 'lives')])).toBe('lives');
    await time.pass(130);
    expect(await end).toBe('transport/timeout');
  });

  test('to a peer that does not read buffers at most 4 MiB, and is given up after a minute', async () => {
    const { transport, peer, time, end } = await meetStation({ maxPayloadBytes: 1_000_000 });
    rawSocketOf(peer).pause();
    const payload = message('x'.repeat(999_000));
    const before = process.memoryUsage().arrayBuffers;
    const sendings = Array.from({ length: 30 }, () => transport.send(payload));
    const outcomes = Promise.allSettled(sendings);
    await settled();
    // The payloads of callers that wait are theirs; here all of them are copies of one.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(31_000_000);
    for (let second = 0; second < 63; second++) {
      peer.send('NOOP');
      await time.pass(1);
    }
    expect(await end).toBe('transport/timeout');
    const codes = (await outcomes).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason.code : 'sent',
    );
    expect(new Set(codes)).toEqual(new Set(['transport/closed']));
  });

  test('is closed with 1001 by the station, and ends normally by 1000, 1001 or no code', async () => {
    const first = await meetStation();
    const code = new Promise((resolve) => {
      first.peer.on('close', resolve);
    });
    await first.transport.close();
    expect(await code).toBe(1001);
    for (const close of [1000, 1001, undefined]) {
      const { peer, end } = await meetStation();
      peer.close(close);
      expect(await end).toBe('end');
    }
    for (const close of [1011, 4000]) {
      const { peer, end } = await meetStation();
      peer.close(close);
      expect(await end).toBe('transport/closed');
    }
  });
});

function rawSocketOf(peer: object): { write(bytes: Uint8Array): void; pause(): void } {
  return (peer as { _socket: { write(bytes: Uint8Array): void; pause(): void } })._socket;
}
