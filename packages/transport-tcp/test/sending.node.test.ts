import { settled } from '@dimp/fixtures/time';
import { utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../src/mtp.ts';
import { idOf } from './helpers.ts';
import { failure, meetClient, meetStation, textsOf } from './raw-peer.node.ts';

const payload = utf8Encode('{"a":1}');

/** Answers the newest message with the same id. */
function answer(
  peer: Awaited<ReturnType<typeof meetClient>>['peer'],
  id: Uint8Array,
  body: string,
): void {
  peer.write(encodeFrame({ type: 'message-response', id, body: utf8Encode(body) }));
}

describe('a payload', () => {
  test('is one package with an id of its own, and sent when the peer says OK', async () => {
    const { transport, peer } = await meetClient();
    const [first, second] = [transport.send(payload), transport.send(payload)];
    await settled();
    expect(peer.frames.map(({ type, pages }) => `${type} ${pages}`)).toEqual([
      'message 1',
      'message 1',
    ]);
    const [one, two] = peer.frames;
    expect(one?.id).not.toEqual(two?.id);
    expect(one?.body).toEqual(payload);
    answer(peer, two!.id, 'OK');
    await second;
    answer(peer, two!.id, 'OK');
    expect(await Promise.race([first.then(() => 'sent'), settled().then(() => 'waits')])).toBe(
      'waits',
    );
    answer(peer, one!.id, 'OK');
    await first;
  });

  test('is sent when the peer answers it with messages, which arrive', async () => {
    const { transport, peer, arrivals } = await meetClient();
    const sending = transport.send(payload);
    await settled();
    answer(peer, peer.frames[0]!.id, '{"answer":1}');
    await sending;
    expect(textsOf(arrivals)).toEqual(['{"answer":1}']);
  });

  test('is sent three times, 120 s apart, and then given up (spec §12.3)', async () => {
    const { transport, peer, time } = await meetStation({ idleTimeout: 10_000_000 });
    const outcome = failure(transport.send(payload));
    const sent: number[] = [];
    for (let minute = 0; minute < 5; minute++) {
      await settled();
      sent.push(peer.frames.splice(0).length);
      await time.pass(60);
    }
    await settled();
    expect([...sent, peer.frames.length]).toEqual([1, 0, 1, 0, 1, 0]);
    await time.pass(60);
    expect(await outcome).toBe('transport/timeout');
    const next = transport.send(payload);
    await settled();
    answer(peer, peer.frames[0]!.id, 'OK');
    await next;
  });

  test('that is sent again has the same id, and AGAIN does not speed it up', async () => {
    const { transport, peer, time } = await meetStation({
      idleTimeout: 10_000_000,
      resend: { attempts: 2, interval: 10_000 },
    });
    const sending = transport.send(payload);
    await settled();
    answer(peer, peer.frames[0]!.id, 'AGAIN');
    await time.pass(9);
    expect(peer.frames).toHaveLength(1);
    await time.pass(2);
    await settled();
    expect(peer.frames).toHaveLength(2);
    expect(peer.frames[1]).toEqual(peer.frames[0]);
    answer(peer, peer.frames[1]!.id, 'OK');
    await sending;
  });

  test('is not acknowledged by an answer that arrived before it was written', async () => {
    const { transport, peer } = await meetStation();
    const first = transport.send(payload);
    await settled();
    const { id } = peer.frames[0]!;
    answer(peer, id, 'OK');
    await first;
    // The next id is easy to guess.
    const guess = new Uint8Array(id);
    guess[7] = (id[7]! + 1) & 0xff;
    answer(peer, guess, 'OK');
    await settled();
    const second = transport.send(payload);
    expect(await Promise.race([second.then(() => 'sent'), settled().then(() => 'waits')])).toBe(
      'waits',
    );
    second.catch(() => undefined);
  });

  test('to a peer that does not read waits, and its time for an acknowledgement starts later', async () => {
    const { transport, peer, time, end } = await meetStation({
      maxPayloadBytes: 1_000_000,
      idleTimeout: 1_000_000,
      resend: { attempts: 1, interval: 60_000 },
    });
    peer.socket.pause();
    let failed = 0;
    const sendings = Array.from({ length: 20 }, () => transport.send(new Uint8Array(1_000_000)));
    for (const sending of sendings) sending.catch(() => (failed += 1));
    await settled();
    await time.pass(70);
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(20);
    void end;
  });
});

test('a peer that reads nothing for 128 s is given up', async () => {
  const { transport, peer, time, end } = await meetStation({ maxPayloadBytes: 1_000_000 });
  peer.socket.pause();
  const outcome = failure(transport.send(new Uint8Array(1_000_000)));
  for (let n = 0; n < 20; n++) transport.send(new Uint8Array(1_000_000)).catch(() => undefined);
  for (let step = 0; step < 13; step++) {
    // Alive, as far as that goes.
    peer.send('command', 1, 'PING');
    await settled();
    await time.pass(10);
  }
  expect(await end).toBe('transport/timeout');
  expect(await outcome).toBe('transport/closed');
});

test('acknowledgements of one turn of the event loop are sent in one write', async () => {
  const { peer, arrivals } = await meetStation();
  for (let n = 0; n < 30; n++) peer.send('message', n + 1, `{"a":${n}}`);
  await settled();
  expect(arrivals).toHaveLength(30);
  let chunks = 0;
  peer.socket.on('data', () => {
    chunks += 1;
  });
  for (const arrival of arrivals) arrival.acknowledge();
  expect(await peer.heard()).toHaveLength(30);
  expect(chunks).toBe(1);
});

test('acknowledgements have the ids of the peer’s packages', async () => {
  const { peer, arrivals } = await meetStation();
  peer.write(encodeFrame({ type: 'message', id: idOf(200), body: payload }));
  await settled();
  arrivals[0]?.acknowledge();
  await settled();
  expect(peer.frames[0]?.id).toEqual(idOf(200));
});
