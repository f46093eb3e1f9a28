import { disposeSymbol } from '@dimp/foundation';
import { VirtualTime } from '@dimp/testing/network';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const HOUR = 60 * 60_000;

/** A promise of real time, as I/O makes them. */
function realPause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

test('events run in the order of their times, and those of the same time in the order in which they were planned', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 200 }), async (delays) => {
      const time = new VirtualTime(0);
      const ran: { at: number; now: number; index: number }[] = [];
      for (const [index, at] of delays.entries()) {
        time.after(at, () => void ran.push({ at, now: time.now(), index }));
      }
      expect(await time.run()).toBe(false);
      const sorted = delays
        .map((at, index) => ({ at, now: at, index }))
        .sort((a, b) => a.at - b.at || a.index - b.index);
      expect(ran).toEqual(sorted);
      expect(time.events).toBe(delays.length);
    }),
  );
});

test('the next event starts when the promises of the previous one have settled', async () => {
  const time = new VirtualTime(0);
  const said: string[] = [];
  time.after(1, async () => {
    said.push('first begins');
    await realPause(20);
    said.push('first ends');
  });
  time.after(1, () => void said.push(`second at ${time.now()}`));
  await time.run();
  expect(said).toEqual(['first begins', 'first ends', 'second at 1']);
});

test('events may plan others, also for the present time: these run after all others of that time', async () => {
  const time = new VirtualTime(0);
  const said: string[] = [];
  time.after(5, () => {
    said.push('a');
    time.after(0, () => void said.push('c'));
    time.after(-100, () => void said.push('d'));
  });
  time.after(5, () => void said.push('b'));
  await time.run();
  expect(said).toEqual(['a', 'b', 'c', 'd']);
  expect(time.now()).toBe(5);
});

test('time never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1 }),
      async (delays) => {
        const time = new VirtualTime(1000);
        let before = 1000;
        const look = (): void => {
          expect(time.now()).toBeGreaterThanOrEqual(before);
          before = time.now();
        };
        for (const delay of delays) {
          time.after(delay, () => {
            look();
            for (const next of delays.slice(0, 3)) time.after(next, look);
          });
        }
        await time.run();
        look();
      },
    ),
  );
});

test('a delay must be a number', () => {
  expect(() => new VirtualTime().after(Number.NaN, () => {})).toThrow(RangeError);
});

test('a cancelled event does not run, and no time passes for it', async () => {
  const time = new VirtualTime(0);
  const said: string[] = [];
  const timer = time.after(HOUR, () => void said.push('never'));
  time.after(1, () => {
    said.push('now');
    timer[disposeSymbol]();
    timer[disposeSymbol]();
  });
  await time.run();
  expect(said).toEqual(['now']);
  expect([time.now(), time.events, time.planned]).toEqual([1, 1, 0]);
});

test('an event that cancels itself while it runs has no effect', async () => {
  const time = new VirtualTime(0);
  let runs = 0;
  const timer = time.after(1, () => {
    runs += 1;
    timer[disposeSymbol]();
  });
  time.after(2, () => {
    runs += 1;
  });
  await time.run();
  timer[disposeSymbol]();
  expect([runs, time.planned]).toEqual([2, 0]);
});

test('if any events are cancelled, the others run in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(50), fc.boolean()), { minLength: 100, maxLength: 400 }),
      async (plans) => {
        const time = new VirtualTime(0);
        const ran: number[] = [];
        const timers = plans.map(([at], index) => time.after(at, () => void ran.push(index)));
        for (const [index, [, off]] of plans.entries()) if (off) timers[index]?.[disposeSymbol]();
        const left = [...plans.entries()].filter(([, [, off]]) => !off);
        expect(time.planned).toBe(left.length);
        await time.run();
        const order = left.sort(([a, [x]], [b, [y]]) => x - y || a - b).map(([index]) => index);
        expect(ran).toEqual(order);
      },
    ),
  );
});

test('timers that are cancelled again and again, and the objects they hold, take no memory', async () => {
  const time = new VirtualTime(0);
  const far = time.after(24 * HOUR, () => {});
  let rounds = 0;
  // A client that plans a resend for each message and calls it off when the receipt comes.
  const round = (): void => {
    const held = { bytes: new Uint8Array(100_000) };
    time.after(HOUR, () => void held.bytes.length)[disposeSymbol]();
    rounds += 1;
    if (rounds < 5_000) time.after(1, round);
  };
  time.after(0, round);
  // 500 MB would be held at the end if each timer kept its task for its hour.
  await time.run({ until: () => rounds === 5_000 });
  expect(time.planned).toBe(1);
  expect(time.held).toBeLessThan(200);
  far[disposeSymbol]();
});

test('an error in an event ends the run, and its message contains event, time and description of the run', async () => {
  const time = new VirtualTime(1_700_000_000_000);
  const cause = new TypeError('store is gone');
  let later = false;
  time.after(10, () => {});
  time.after(250, async () => {
    await realPause(1);
    throw cause;
  });
  time.after(251, () => {
    later = true;
  });
  const run = time.run({ describe: () => 'seed 42' });
  await expect(run).rejects.toMatchObject({
    message: 'store is gone (event 2, 250 ms after the start; seed 42)',
    cause,
  });
  expect(later).toBe(false);
  // The next event is still planned.
  await time.run();
  expect(later).toBe(true);
});

test('an error that is thrown synchronously, and a thrown value that is not an Error, are reported as well', async () => {
  const time = new VirtualTime(0);
  time.after(1, () => {
    throw new RangeError('at once');
  });
  time.after(2, () => Promise.reject('a text'));
  await expect(time.run()).rejects.toThrow('at once (event 1, 1 ms after the start)');
  await expect(time.run()).rejects.toThrow('a text (event 2, 2 ms after the start)');
});

test('an event that hangs ends the run after its limit of real time', async () => {
  const time = new VirtualTime(0);
  time.after(7, () => new Promise<void>(() => {}));
  await expect(time.run({ watchdog: 50, describe: () => 'seed 3' })).rejects.toThrow(
    'an event takes longer than 50 ms (event 1, 7 ms after the start; seed 3)',
  );
});

test('an endless run ends after its maximum of events, and can be continued', async () => {
  const time = new VirtualTime(0);
  const again = (): void => void time.after(1, again);
  again();
  await expect(time.run({ maxEvents: 1000 })).rejects.toThrow('there are more than 1000 events');
  expect([time.events, time.planned]).toEqual([1000, 1]);
  expect(await time.run({ until: () => time.events === 1500 })).toBe(true);
  expect(time.now()).toBe(1500);
});

test('a run ends when its condition holds, and the next one continues there', async () => {
  const time = new VirtualTime(0);
  const said: number[] = [];
  for (const at of [1, 2, 3, 4]) time.after(at, () => void said.push(at));
  expect(await time.run({ until: () => said.length === 2 })).toBe(true);
  expect([said, time.now()]).toEqual([[1, 2], 2]);
  expect(await time.run()).toBe(false);
  expect(said).toEqual([1, 2, 3, 4]);
});

test('ten thousand hours with an event each minute take little real time', async () => {
  const time = new VirtualTime(0);
  const end = 10_000 * HOUR;
  let minutes = 0;
  const tick = (): void => {
    minutes += 1;
    if (time.now() < end) time.after(60_000, tick);
  };
  time.after(60_000, tick);
  await time.run();
  expect([minutes, time.now()]).toEqual([600_000, end]);
});
