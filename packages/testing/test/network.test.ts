import { utf8Encode } from '@dimp/foundation';
import {
  type NetworkFaults,
  type NodeOptions,
  SimulatedNetwork,
  type SimulatedNode,
  VirtualTime,
} from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { codeOf } from './codes.ts';

const PACKETS = 10_000;

/** All faults at once. */
const FAULTS: NetworkFaults = {
  drop: 0.1,
  duplicate: 0.1,
  delay: [10, 500],
  reorder: 0.1,
  corrupt: 0.05,
  disconnect: { every: [1000, 5000], for: [100, 2000] },
  restart: { every: [2000, 9000] },
};

interface Arrival {
  readonly at: number;
  readonly text: string;
}

interface Setup {
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  readonly sender: SimulatedNode;
  readonly receiver: SimulatedNode;
  readonly arrivals: Arrival[];
}

/** Two programs; `options` are those of the one that is sent to. */
function setUp(
  faults: NetworkFaults,
  seed: number | string = 1,
  options: Partial<NodeOptions> = {},
): Setup {
  const time = new VirtualTime(0);
  const network = new SimulatedNetwork({ seed, time, faults });
  const arrivals: Arrival[] = [];
  const sender = network.join('sender', { receive: () => {} });
  const receiver = network.join('receiver', {
    receive: (bytes) => void arrivals.push({ at: time.now(), text: String.fromCharCode(...bytes) }),
    ...options,
  });
  return { time, network, sender, receiver, arrivals };
}

/** Sends numbered packets, one each millisecond while there is a connection. */
function sendAll({ time, sender }: Setup, packets = PACKETS): void {
  for (let i = 0; i < packets; i++) {
    time.after(i, () => {
      if (sender.isConnected) sender.send('receiver', utf8Encode(`packet ${i}`));
    });
  }
}

/** A run in which a program answers each packet, restarts and loses its connection. */
async function busyRun(seed: number | string): Promise<{ trace: string; lines: string[] }> {
  const time = new VirtualTime(0);
  const lines: string[] = [];
  const network = new SimulatedNetwork({
    seed,
    time,
    faults: FAULTS,
    onEvent: (line) => lines.push(line),
  });
  const nodes = ['a', 'b', 'c'].map((name, index, names) => {
    const node: SimulatedNode = network.join(name, {
      receive: (bytes, from) => {
        if (bytes.length > 1 && node.isConnected) node.send(from, bytes.subarray(1));
      },
      connected: () => node.send(names[(index + 1) % 3] as string, new Uint8Array(3)),
      restart: () => {},
    });
    return node;
  });
  for (let i = 0; i < 500; i++) {
    time.after(i * 20, () => {
      for (const each of nodes) if (each.isConnected) each.send('b', new Uint8Array(4));
    });
  }
  await time.run({ until: () => time.now() > 12_000 });
  network.calm();
  await time.run();
  return { trace: network.trace, lines };
}

test('ten seeds make ten different runs, and each seed makes the same run again', async () => {
  const traces = new Set<string>();
  for (let seed = 0; seed < 10; seed++) {
    const [first, again] = [await busyRun(seed), await busyRun(seed)];
    expect(again.lines).toEqual(first.lines);
    expect(again.trace).toBe(first.trace);
    traces.add(first.trace);
  }
  expect(traces.size).toBe(10);
});

test('the number of draws for damaging a packet does not change the rest of the run', async () => {
  const run = async (draws: number): Promise<string> => {
    const damage: NetworkFaults['damage'] = (packet, random) => {
      random.bytes(draws);
      return packet;
    };
    const setup = setUp({ ...FAULTS, damage });
    sendAll(setup, 1000);
    await setup.time.run({ until: () => setup.time.now() >= 1000 });
    setup.network.calm();
    await setup.time.run();
    expect(setup.network.statistics.corrupted).toBeGreaterThan(0);
    return setup.network.trace;
  };
  expect(await run(100)).toBe(await run(0));
});

test('without faults all packets arrive, once, unchanged, after 10 to 100 ms', async () => {
  const setup = setUp({});
  sendAll(setup, 1000);
  await setup.time.run();
  expect(setup.arrivals).toHaveLength(1000);
  for (const { at, text } of setup.arrivals) {
    const takes = at - Number(text.slice('packet '.length));
    expect(takes >= 10 && takes <= 100).toBe(true);
  }
  expect(new Set(setup.arrivals.map(({ text }) => text)).size).toBe(1000);
  const { statistics } = setup.network;
  expect(statistics).toMatchObject({ sent: 1000, delivered: 1000, dropped: 0, corrupted: 0 });
});

test.each([
  ['drop', 'dropped'],
  ['duplicate', 'duplicated'],
  ['reorder', 'reordered'],
  ['corrupt', 'corrupted'],
] as const)('%s occurs with its probability, over 10,000 packets', async (fault, counted) => {
  for (const probability of [0.01, 0.1, 0.5]) {
    const setup = setUp({ [fault]: probability });
    sendAll(setup);
    await setup.time.run();
    const count = setup.network.statistics[counted];
    // Four times the standard deviation.
    const most = 4 * Math.sqrt(PACKETS * probability * (1 - probability));
    expect(Math.abs(count - PACKETS * probability)).toBeLessThan(most);
    for (const other of ['dropped', 'duplicated', 'reordered', 'corrupted'] as const) {
      if (other !== counted) expect(setup.network.statistics[other]).toBe(0);
    }
  }
});

test('counts agree with what arrives: dropped packets not at all, duplicated ones twice, corrupted ones changed', async () => {
  const setup = setUp({ drop: 0.2, duplicate: 0.2, corrupt: 0.1 });
  sendAll(setup);
  await setup.time.run();
  const { statistics: counts } = setup.network;
  expect(setup.arrivals).toHaveLength(counts.delivered);
  expect(counts.delivered).toBe(PACKETS - counts.dropped + counts.duplicated);
  // A byte that is changed into another digit makes the text of another packet: one byte, so never its own.
  const exact = /^packet \d{1,4}$/;
  const changed = setup.arrivals.filter(({ text }) => !exact.test(text)).length;
  expect(changed).toBeGreaterThan(counts.corrupted * 0.8);
  expect(changed).toBeLessThanOrEqual(counts.corrupted);
});

test('damage changes one byte, and never in the bytes of the sender', async () => {
  const bytes = new Uint8Array(64);
  const changes: number[] = [];
  const receive: NodeOptions['receive'] = (packet) =>
    void changes.push(packet.filter((byte) => byte !== 0).length);
  const setup = setUp({ corrupt: 1 }, 1, { receive });
  for (let i = 0; i < 100; i++) setup.sender.send('receiver', bytes);
  setup.sender.send('receiver', new Uint8Array(0));
  bytes.fill(0);
  await setup.time.run();
  expect(changes.filter((count) => count === 1)).toHaveLength(100);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});

test('the sender may change its bytes after sending them', async () => {
  const setup = setUp({ duplicate: 1 });
  const bytes = utf8Encode('one');
  setup.sender.send('receiver', bytes);
  bytes.set(utf8Encode('two'));
  await setup.time.run();
  expect(setup.arrivals.map(({ text }) => text)).toEqual(['one', 'one']);
});

test('packets with the same delay arrive in order, duplicates too', async () => {
  const setup = setUp({ delay: [50, 50], duplicate: 0.3, drop: 0.1 });
  sendAll(setup, 2000);
  // And those sent in one moment.
  for (let i = 2000; i < 2100; i++)
    setup.time.after(3000, () => setup.sender.send('receiver', utf8Encode(`packet ${i}`)));
  await setup.time.run();
  const numbers = setup.arrivals.map(({ text }) => Number(text.slice('packet '.length)));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

test('different delays and slow packets change the order', async () => {
  for (const faults of [{ delay: [10, 500] }, { delay: [50, 50], reorder: 0.05 }] as const) {
    const setup = setUp(faults);
    sendAll(setup, 1000);
    await setup.time.run();
    const numbers = setup.arrivals.map(({ text }) => Number(text.slice('packet '.length)));
    expect(numbers).toHaveLength(1000);
    expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
  }
});

test('a disconnected program neither gets nor sends packets, and is told when it is connected again', async () => {
  const connections: number[] = [];
  const receive = (): void => {
    expect(setup.receiver.isConnected).toBe(true);
    received += 1;
  };
  const connected = (): void => {
    expect(setup.receiver.isConnected).toBe(true);
    connections.push(setup.time.now());
  };
  let received = 0;
  let refused = 0;
  const faults = { disconnect: { every: [500, 1500], for: [200, 800] } } as const;
  const setup = setUp(faults, 1, { receive, connected });
  for (let i = 0; i < 20_000; i++) {
    setup.time.after(i, () => {
      if (setup.sender.isConnected) setup.sender.send('receiver', new Uint8Array(1));
      else
        refused +=
          codeOf(() => setup.sender.send('receiver', new Uint8Array(1))) === 'transport/closed'
            ? 1
            : 0;
    });
  }
  await setup.time.run({ until: () => setup.time.now() >= 20_000 });
  setup.network.calm();
  await setup.time.run();
  const { sent, delivered, dropped, disconnects } = setup.network.statistics;
  expect(connections.length).toBeGreaterThan(10);
  expect(disconnects).toBeGreaterThan(2 * 10 - 1);
  expect(sent + refused).toBe(20_000);
  expect(refused).toBeGreaterThan(1000);
  expect([delivered, dropped]).toEqual([received, sent - received]);
  expect(dropped).toBeGreaterThan(1000);
  expect([setup.sender.isConnected, setup.receiver.isConnected]).toEqual([true, true]);
});

test('a program gets nothing while it restarts: packets that arrive meanwhile come afterwards', async () => {
  let restarting = false;
  let restarts = 0;
  let received = 0;
  const setup = setUp({ restart: { every: [200, 400] } }, 1, {
    receive: () => {
      expect(restarting).toBe(false);
      received += 1;
    },
    async restart() {
      restarting = true;
      // As opening a store takes real time.
      await new Promise((resolve) => setTimeout(resolve, 1));
      restarting = false;
      restarts += 1;
    },
  });
  sendAll(setup, 5000);
  await setup.time.run({ until: () => setup.time.now() >= 5000 });
  setup.network.calm();
  await setup.time.run();
  expect(restarts).toBe(setup.network.statistics.restarts);
  expect(restarts).toBeGreaterThan(10);
  expect(received).toBe(5000);
});

test('a packet to an unknown program is lost silently', async () => {
  const setup = setUp({});
  setup.sender.send('nobody', new Uint8Array(1));
  await setup.time.run();
  expect(setup.network.statistics).toMatchObject({ sent: 1, delivered: 0, dropped: 1 });
});

test('a name can be used only once', () => {
  const { network } = setUp({});
  expect(() => network.join('sender', { receive: () => {} })).toThrow(RangeError);
});

test('after calm() there are no more faults, connections are restored, and the run ends', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const setup = setUp({ ...FAULTS, drop: 1, restart: { every: [500, 3000] } }, seed, {
      restart: () => {},
    });
    sendAll(setup, 6000);
    await setup.time.run({ until: () => setup.time.now() >= 6000 });
    expect(setup.arrivals).toHaveLength(0);
    setup.network.calm();
    const before = { ...setup.network.statistics };
    expect(before.disconnects).toBeGreaterThan(0);
    expect(before.restarts).toBeGreaterThan(0);
    // Longer than any connection is gone.
    setup.time.after(2001, () => {
      for (let i = 0; i < 500; i++) setup.sender.send('receiver', utf8Encode(`packet ${i}`));
    });
    await setup.time.run();
    const { arrivals, network } = setup;
    expect(new Set(arrivals.map(({ text }) => text)).size).toBe(500);
    expect(network.statistics).toEqual({ ...before, sent: before.sent + 500, delivered: 500 });
  }
});

test('an error of a program ends the run', async () => {
  const receive = async (): Promise<void> => {
    throw new TypeError('a defect');
  };
  const setup = setUp({}, 5, { receive });
  setup.sender.send('receiver', new Uint8Array(1));
  const describe = (): string => `seed 5, last: ${setup.network.lastEvents.at(-1)}`;
  await expect(setup.time.run({ describe })).rejects.toThrow(
    /a defect .*seed 5, last: .* deliver sender receiver/,
  );
});

test('the last fifty events of a long run are kept', async () => {
  const setup = setUp({ delay: [0, 0] });
  sendAll(setup, 100);
  await setup.time.run();
  const { lastEvents } = setup.network;
  expect(lastEvents).toHaveLength(50);
  expect(lastEvents.at(-1)).toBe('99.000 deliver sender receiver');
});
