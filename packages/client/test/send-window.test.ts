import { memoryTransportPair } from '@dimp/core/memory';
import { ProtocolError } from '@dimp/foundation';
import { seededRandom, VirtualTime } from '@dimp/testing/network';
import { describe, expect, test, vi } from 'vitest';
import { type Delivery, Facebook, Messenger } from '../src/index.ts';
import { SEND_WINDOW, SendWindow } from '../src/outbox/send-window.ts';
import { protocol } from './people.ts';
import { acquaint, text, World } from './world.ts';

const closed = () => new ProtocolError('transport/closed', 'lost');
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A window over a peer whose acknowledgements the test gives. */
function bench(prepare: (item: number) => Promise<boolean> = async () => true) {
  const time = new VirtualTime();
  const handedOver: number[] = [];
  const failures: unknown[] = [];
  const open = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>();
  const window = new SendWindow<number>({
    prepare: async (item) => {
      if (!(await prepare(item))) return undefined;
      return () => {
        handedOver.push(item);
        return new Promise<void>((resolve, reject) => open.set(item, { resolve, reject }));
      };
    },
    timers: time,
    random: seededRandom(1),
    onFailure: (error) => failures.push(error),
  });
  const acknowledge = async (...items: readonly number[]) => {
    for (const item of items) open.get(item)?.resolve();
    for (const item of items) open.delete(item);
    await turn();
  };
  const fail = async (...items: readonly number[]) => {
    for (const item of items) open.get(item)?.reject(closed());
    for (const item of items) open.delete(item);
    await turn();
  };
  return { time, handedOver, failures, open, window, acknowledge, fail };
}

const upTo = (end: number) => Array.from({ length: end }, (_, index) => index);

describe('items are handed over', () => {
  test('in order, as many at a time as the window holds, and the next ones as they are acknowledged', async () => {
    const { window, handedOver, acknowledge, open } = bench();
    for (const item of upTo(100)) window.push(item);
    await turn();
    expect(handedOver).toEqual(upTo(SEND_WINDOW));
    // The order of acknowledgements does not matter.
    await acknowledge(5, 3);
    expect(handedOver).toEqual(upTo(SEND_WINDOW + 2));
    while (open.size > 0) await acknowledge(...open.keys());
    expect(handedOver).toEqual(upTo(100));
    expect(window.size).toBe(0);
    await window.idle();
  });

  test('in order, however long it takes to read one, and without those that are gone', async () => {
    const pauses = [5, 0, 3, 0, 1];
    const { window, handedOver } = bench(async (item) => {
      await new Promise((resolve) => setTimeout(resolve, pauses[item]));
      return item !== 2;
    });
    for (const item of upTo(5)) window.push(item);
    await vi.waitFor(() => expect(handedOver).toHaveLength(4), { timeout: 10_000, interval: 2 });
    expect(handedOver).toEqual([0, 1, 3, 4]);
  });

  test('again if they are not acknowledged when one fails, in their old order, after a pause', async () => {
    const { time, window, handedOver, failures, acknowledge, fail } = bench();
    for (const item of upTo(6)) window.push(item);
    await turn();
    await acknowledge(1, 4);
    await fail(2);
    // The others may still come through: nothing is handed over twice at a time.
    window.push(6);
    await turn();
    expect(handedOver).toEqual(upTo(6));
    await acknowledge(3);
    await fail(0, 5);
    expect(failures).toHaveLength(1);
    window.push(7);
    await turn();
    expect(handedOver).toEqual(upTo(6));
    const running = time.run({ until: () => true });
    await turn();
    expect(handedOver.slice(6)).toEqual([0, 2, 5, 6, 7]);
    await acknowledge(0, 2, 5, 6, 7);
    await running;
    expect(window.size).toBe(0);
  });

  test('at once if the connection is back, also while other items are failing', async () => {
    const { window, handedOver, fail, acknowledge } = bench();
    for (const item of upTo(3)) window.push(item);
    await turn();
    await fail(0);
    window.resume();
    await turn();
    expect(handedOver).toEqual([0, 1, 2]);
    await fail(1);
    await acknowledge(2);
    expect(handedOver).toEqual([0, 1, 2, 0, 1]);
    await fail(0, 1);
    expect(handedOver).toHaveLength(5);
    window.resume();
    await turn();
    expect(handedOver.slice(5)).toEqual([0, 1]);
  });

  test('not any more after it was stopped, which waits for items in flight', async () => {
    const { window, handedOver, acknowledge, fail, failures } = bench();
    for (const item of upTo(40)) window.push(item);
    await turn();
    window.stop();
    let idle = false;
    void window.idle().then(() => {
      idle = true;
    });
    await turn();
    expect(idle).toBe(false);
    await acknowledge(...upTo(31));
    await fail(31);
    expect(idle).toBe(true);
    expect(handedOver).toHaveLength(SEND_WINDOW);
    expect(failures).toEqual([]);
  });
});

describe('a messenger over a connection', () => {
  async function peersWithTransport() {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await acquaint(moki, hulk);
    await moki.messenger.close();
    const facebook = new Facebook({ protocol, store: moki.durable, clock: world.time });
    const messenger = new Messenger({ facebook, timers: world.time });
    return { world, moki, hulk, messenger };
  }

  test('has many messages in flight; those not acknowledged when it was lost are sent again, in order', async () => {
    const { messenger, hulk } = await peersWithTransport();
    const [left, right] = memoryTransportPair({ acknowledges: true });
    const connection = messenger.connect(left);
    const deliveries: Delivery[] = [];
    for (const each of upTo(10)) {
      deliveries.push(await messenger.send(text(`message ${each}`), hulk.id));
    }
    const read = async (
      transport: typeof right,
      count: number,
      acknowledged: readonly number[],
    ) => {
      const incoming = transport.incoming[Symbol.asyncIterator]();
      const names: string[] = [];
      for (let index = 0; index < count; index++) {
        const { value } = await incoming.next();
        names.push(`${protocol.parseMessage(value.payload).wire['signature']}`);
        if (acknowledged.includes(index)) value.acknowledge();
      }
      await turn();
      return names;
    };
    const first = await read(right, 10, [0, 1, 5]);
    right.lose();
    await expect(connection).rejects.toMatchObject({ code: 'transport/closed' });
    await messenger.idle();
    expect(deliveries.map(({ state }) => state).filter((state) => state === 'sent')).toHaveLength(
      3,
    );
    // It is not known how far they have got.
    for (const delivery of deliveries) expect(await delivery.cancel()).toBe(false);
    const [again, there] = memoryTransportPair({ acknowledges: true });
    void messenger.connect(again);
    const second = await read(there, 7, upTo(7));
    expect(second).toEqual([...first.slice(2, 5), ...first.slice(6)]);
    await messenger.idle();
    expect(deliveries.map(({ state }) => state)).toEqual(upTo(10).map(() => 'sent'));
    await messenger.close();
  });

  test('can cancel waiting messages while there is none', async () => {
    const { messenger, hulk } = await peersWithTransport();
    const delivery = await messenger.send(text('never'), hulk.id);
    await messenger.idle();
    expect(await delivery.cancel()).toBe(true);
    await messenger.close();
  });

  test('ends although the transport never settles a send', async () => {
    const { messenger, hulk } = await peersWithTransport();
    const [left] = memoryTransportPair({ acknowledges: true });
    const stop = new AbortController();
    const connection = messenger.connect(left, { signal: stop.signal });
    await messenger.send(text('hi'), hulk.id);
    stop.abort();
    await connection;
    await messenger.idle();
    await messenger.close();
  });
});
