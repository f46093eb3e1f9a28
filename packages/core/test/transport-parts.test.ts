import type { Arrival, Clock, Timers } from '@dimp/core';
import { ArrivalQueue, type ArrivalSource, Sweep, socketError } from '@dimp/core/transport';
import { disposeSymbol } from '@dimp/foundation';
import { expect, test } from 'vitest';

/** Writes down what the queue tells. */
class Source implements ArrivalSource<number> {
  readonly told: string[] = [];

  pause(): void {
    this.told.push('pause');
  }

  resume(): void {
    this.told.push('resume');
  }

  acknowledged(_: Uint8Array, ticket: number): void {
    this.told.push(`acknowledged ${ticket}`);
  }

  abandoned(_: Uint8Array, ticket: number): void {
    this.told.push(`abandoned ${ticket}`);
  }
}

/** Time that stands until it is moved, and one timer. */
class Time implements Clock, Timers {
  time = 5_000_000;
  task: (() => unknown) | undefined;

  now(): number {
    return this.time;
  }

  after(_: number, task: () => unknown): Disposable {
    this.task = task;
    return {
      [disposeSymbol]: () => {
        this.task = undefined;
      },
    };
  }
}

function queueOf(limits: ConstructorParameters<typeof ArrivalQueue>[2] = {}) {
  const source = new Source();
  const time = new Time();
  return { source, time, queue: new ArrivalQueue<number>(source, time, limits) };
}

async function fetch(queue: ArrivalQueue<number>, count: number): Promise<Arrival[]> {
  const reader = queue[Symbol.asyncIterator]();
  const arrivals: Arrival[] = [];
  while (arrivals.length < count) arrivals.push((await reader.next()).value);
  return arrivals;
}

test('a connection pauses when too many payloads wait, to be fetched or acknowledged, and resumes at half', async () => {
  const { queue, source } = queueOf({ maxArrivals: 4 });
  for (let n = 0; n < 5; n++) queue.push(Uint8Array.of(n), n);
  expect(source.told.splice(0)).toEqual(['pause']);
  expect(queue.paused).toBe(true);
  const arrivals = await fetch(queue, 5);
  expect(source.told).toEqual([]);
  for (const arrival of arrivals.slice(0, 3)) arrival.acknowledge();
  expect(source.told).toEqual(['acknowledged 0', 'acknowledged 1', 'resume', 'acknowledged 2']);
  expect(queue.paused).toBe(false);
  expect(queue.size).toBe(2);
  expect(queue.bytes).toBe(2);
});

test('a connection pauses when too many bytes wait', async () => {
  const { queue, source } = queueOf({ maxArrivalBytes: 100 });
  queue.push(new Uint8Array(100), 0);
  expect(source.told).toEqual([]);
  queue.push(new Uint8Array(1), 1);
  expect(source.told).toEqual(['pause']);
  for (const arrival of await fetch(queue, 2)) arrival.acknowledge();
  expect(source.told).toContain('resume');
});

test('a payload that is read but not acknowledged is given up after a minute, a waiting one is not', async () => {
  const { queue, source, time } = queueOf();
  queue.push(Uint8Array.of(1), 1);
  queue.push(Uint8Array.of(2), 2);
  const [arrival] = await fetch(queue, 1);
  time.time += 60_000;
  queue.sweep(time.now());
  expect(source.told).toEqual([]);
  time.time += 1;
  queue.sweep(time.now());
  expect(source.told).toEqual(['abandoned 1']);
  arrival?.acknowledge();
  expect(source.told).toEqual(['abandoned 1']);
  expect(queue.size).toBe(1);
});

test('the end comes behind what is queued, which cannot be acknowledged any more', async () => {
  const { queue, source } = queueOf();
  queue.push(Uint8Array.of(1), 1);
  queue.end();
  queue.push(Uint8Array.of(2), 2);
  const reader = queue[Symbol.asyncIterator]();
  const { value } = await reader.next();
  expect(value?.payload).toEqual(Uint8Array.of(1));
  value?.acknowledge();
  expect(source.told).toEqual([]);
  for (let time = 0; time < 2; time++) expect((await reader.next()).done).toBe(true);
});

test('a failure comes behind what is queued, to every reader', async () => {
  const { queue } = queueOf();
  queue.push(Uint8Array.of(1), 1);
  const failure = new Error('lost');
  queue.end(failure);
  queue.end();
  const reader = queue[Symbol.asyncIterator]();
  expect((await reader.next()).done).toBe(false);
  await expect(reader.next()).rejects.toBe(failure);
  await expect(queue[Symbol.asyncIterator]().next()).rejects.toBe(failure);
});

test('a reader who has left takes nothing from the next one', async () => {
  const { queue } = queueOf();
  const first = queue[Symbol.asyncIterator]();
  const pending = first.next();
  await first.return?.();
  expect(await pending).toEqual({ done: true, value: undefined });
  queue.push(Uint8Array.of(1), 1);
  const [arrival] = await fetch(queue, 1);
  expect(arrival?.payload).toEqual(Uint8Array.of(1));
});

test('a sweep looks after all members with one timer, which ends with the last of them', () => {
  const time = new Time();
  const sweep = new Sweep({ clock: time, timers: time, period: 10 });
  expect(time.task).toBeUndefined();
  const seen: string[] = [];
  const leaving = {
    sweep: (now: number) => {
      seen.push(`leaving ${now}`);
      sweep.delete(leaving);
    },
  };
  const staying = { sweep: (now: number) => void seen.push(`staying ${now}`) };
  sweep.add(leaving);
  sweep.add(staying);
  time.time = 1;
  time.task?.();
  time.time = 2;
  time.task?.();
  expect(seen).toEqual(['leaving 1', 'staying 1', 'staying 2']);
  sweep.delete(staying);
  expect(time.task).toBeUndefined();
  expect(sweep.size).toBe(0);
});

test('a member that fails does not stop the sweep', () => {
  const time = new Time();
  const sweep = new Sweep({ clock: time, timers: time });
  sweep.add({
    sweep: () => {
      throw new Error('broken');
    },
  });
  expect(() => time.task?.()).toThrow('broken');
  expect(time.task).toBeDefined();
});

test.each([
  ['ECONNREFUSED', 'transport/refused'],
  ['ECONNRESET', 'transport/closed'],
  ['EPIPE', 'transport/closed'],
  ['ENOTFOUND', 'transport/unknown-host'],
  ['ETIMEDOUT', 'transport/timeout'],
  ['EPROTO', 'transport/protocol'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'transport/protocol'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'transport/certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'transport/certificate'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'transport/certificate'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'transport/certificate'],
  ['CERT_HAS_EXPIRED', 'transport/certificate'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'transport/certificate'],
])('%s of a socket is %s', (reason, code) => {
  const error = socketError(Object.assign(new Error('of the platform'), { code: reason }));
  expect(error).toMatchObject({ code, details: { reason } });
});

test.each([undefined, null, 'text', { code: 17 }, { code: 'no code\n' }])(
  'a failure without a code, such as %j, is a lost connection',
  (cause) => {
    expect(socketError(cause)).toMatchObject({ code: 'transport/closed', details: {} });
  },
);
