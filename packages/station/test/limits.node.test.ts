import { addressKey, TokenBucket } from '@dimp/core/transport';
import { isProtocolError } from '@dimp/foundation';
import { EntityType } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  type LimitName,
  limitsOf,
  RateLimiter,
  silentMetrics,
} from '../src/index.ts';
import { HandClock } from './support/command-fixture.ts';
import { newPerson } from './support/test-users.ts';

function refusalOf(task: () => unknown): { code: string; details: Record<string, unknown> } {
  try {
    task();
  } catch (error) {
    if (isProtocolError(error)) return { code: error.code, details: { ...error.details } };
    throw error;
  }
  return expect.unreachable();
}

describe('a token bucket', () => {
  test('never grants more than burst and rate allow, for any requests at any times', () => {
    const step = fc.record({ pause: fc.nat(20_000), amount: fc.integer({ min: 0, max: 50 }) });
    const rate = fc.record({
      perSecond: fc.double({ min: 0.01, max: 100, noNaN: true }),
      burst: fc.integer({ min: 50, max: 500 }),
    });
    fc.assert(
      fc.property(rate, fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const bucket = new TokenBucket(limit, 0);
        let now = 0;
        let granted = 0;
        for (const { pause, amount } of steps) {
          now += pause;
          if (bucket.take(amount, now) === 0) granted += amount;
          expect(granted).toBeLessThanOrEqual(limit.burst + (now / 1000) * limit.perSecond + 1e-6);
        }
      }),
    );
  });

  test('grants a refused request after the time it returns, and not much earlier', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (amount, perSecond) => {
          const bucket = new TokenBucket({ perSecond, burst: 100 }, 0);
          bucket.spend(100, 0);
          const wait = bucket.wait(amount, 0);
          expect(wait).toBe(Math.ceil((Math.min(amount, 100) / perSecond) * 1000));
          expect(bucket.wait(amount, wait - 2)).toBeGreaterThan(0);
          expect(bucket.take(amount, wait)).toBe(0);
        },
      ),
    );
  });

  test('a clock that is set back neither gives tokens nor stops it', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1_000_000);
    expect(bucket.take(1, 1_000_000)).toBe(0);
    expect(bucket.take(1, 0)).toBe(1000);
    expect(bucket.take(1, 1000)).toBe(0);
  });
});

describe('limits', () => {
  test('are completed by the defaults, and cannot be changed afterwards', () => {
    const limits = limitsOf({ window: 4, searchRate: { perSecond: 1, burst: 2 } });
    expect(limits).toEqual({
      ...DEFAULT_LIMITS,
      window: 4,
      searchRate: { perSecond: 1, burst: 2 },
    });
    expect(Object.isFrozen(limits)).toBe(true);
  });

  test.each([
    ['a name that is none', { windows: 1 }, 'limits.windows'],
    ['a prototype', { constructor: 1 }, 'limits.constructor'],
    ['zero', { connections: 0 }, 'limits.connections'],
    ['a fraction', { window: 1.5 }, 'limits.window'],
    ['text', { window: '32' }, 'limits.window'],
    ['undefined', { window: undefined }, 'limits.window'],
    ['NaN', { inboxMessages: Number.NaN }, 'limits.inboxMessages'],
    ['messages that no parser takes', { messageBytes: 2 ** 21 }, 'limits.messageBytes'],
    [
      'a rate that never refills',
      { commandRate: { perSecond: 0, burst: 1 } },
      'limits.commandRate.perSecond',
    ],
    [
      'a rate that grants nothing',
      { commandRate: { perSecond: 1, burst: 0.5 } },
      'limits.commandRate.burst',
    ],
    ['a rate that is a number', { commandRate: 5 }, 'limits.commandRate.perSecond'],
    ['a rate that is null', { commandRate: null }, 'limits.commandRate.perSecond'],
  ])('refuse %s and name it', (_, set, field) => {
    expect(refusalOf(() => limitsOf(set as never))).toEqual({
      code: 'format/field',
      details: { field },
    });
  });

  test('any set of values is accepted unchanged or refused with format/field', () => {
    const value = fc.anything();
    const name = fc.constantFrom(...Object.keys(DEFAULT_LIMITS));
    fc.assert(
      fc.property(fc.dictionary(name, value), (set) => {
        try {
          expect(limitsOf(set as never)).toEqual({ ...DEFAULT_LIMITS, ...set });
        } catch (error) {
          expect(isProtocolError(error, 'format/field')).toBe(true);
        }
      }),
    );
  });
});

describe('the key of limits for an address', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('of two addresses is the same if and only if their first 64 bits are the same for the platform', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.boolean(), (parts, long) => {
        fc.pre(parts.slice(0, 4).some((part) => part !== 0));
        const full = parts.map((part) => part.toString(16).padStart(long ? 4 : 1, '0')).join(':');
        // The platform writes it in its shortest form.
        const short = new URL(`http://[${full}]`).hostname.slice(1, -1);
        expect(addressKey(short)).toBe(addressKey(full));
        expect(addressKey(full)).toBe(
          `${parts
            .slice(0, 4)
            .map((part) => part.toString(16))
            .join(':')}::/64`,
        );
      }),
    );
  });

  test('has a bounded length for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[0-9a-f:.%]{0,80}$/)),
        (text) => {
          expect(addressKey(text).length).toBeLessThanOrEqual(64);
        },
      ),
    );
  });
});

describe('a rate limiter', () => {
  function newKeeper(set: Parameters<typeof limitsOf>[0], capacity?: number) {
    const clock = new HandClock();
    const hit: LimitName[] = [];
    const metrics = { ...silentMetrics, limited: (limit: LimitName) => void hit.push(limit) };
    const limits = limitsOf(set);
    const keeper = new RateLimiter({
      limits,
      clock,
      metrics,
      ...(capacity === undefined ? {} : { capacity }),
    });
    return { keeper, clock, hit };
  }

  test('bounds open connections, in total and for each address, and counts refused ones', () => {
    const { keeper, hit } = newKeeper({ connections: 3, connectionsPerAddress: 2 });
    const first = keeper.connect('192.0.2.1');
    keeper.connect('::ffff:192.0.2.1');
    expect(refusalOf(() => keeper.connect('192.0.2.1'))).toEqual({
      code: 'policy/rate-limited',
      details: { limit: 'connectionsPerAddress' },
    });
    keeper.connect('2001:db8::1');
    expect(refusalOf(() => keeper.connect('192.0.2.9')).details).toEqual({ limit: 'connections' });
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(keeper.connections).toBe(2);
    keeper.connect('192.0.2.1');
    expect(hit).toEqual(['connectionsPerAddress', 'connections']);
  });

  test('bounds how fast one address connects and starts handshakes, independently of others', () => {
    const rate = { perSecond: 1, burst: 2 };
    const { keeper, clock } = newKeeper({ connectionRate: rate, handshakeRate: rate });
    for (const each of [1, 2]) keeper.connect(`2001:db8::${each}`)[Symbol.dispose]();
    expect(refusalOf(() => keeper.connect('2001:db8::3')).details).toEqual({
      limit: 'connectionRate',
      retryAfter: 1000,
    });
    keeper.connect('2001:db8:0:1::3');
    for (const _ of [1, 2]) keeper.handshake('192.0.2.1');
    expect(refusalOf(() => keeper.handshake('192.0.2.1')).details['limit']).toBe('handshakeRate');
    keeper.handshake('192.0.2.2');
    clock.time += 1000;
    keeper.handshake('192.0.2.1');
  });

  test('charges a message to its address and its user; a refused one is not charged to the other limits', async () => {
    const moki = await newPerson('moki');
    const { keeper, clock, hit } = newKeeper({
      userMessageRate: { perSecond: 1, burst: 1 },
      addressMessageRate: { perSecond: 1, burst: 2 },
    });
    keeper.message('192.0.2.1', moki.id, 10);
    for (const _ of [1, 2, 3]) {
      expect(refusalOf(() => keeper.message('192.0.2.1', moki.id, 10)).details).toEqual({
        limit: 'userMessageRate',
        retryAfter: 1000,
      });
    }
    // The address had two: the refused ones did not use up the second.
    keeper.message('192.0.2.1', undefined, 10);
    expect(refusalOf(() => keeper.message('192.0.2.1', undefined, 10)).details['limit']).toBe(
      'addressMessageRate',
    );
    expect(refusalOf(() => keeper.message('192.0.2.7', moki.id, 10)).details['limit']).toBe(
      'userMessageRate',
    );
    expect(hit).toHaveLength(5);
    clock.time += 1000;
    keeper.message('192.0.2.7', moki.id, 10);
  });

  test('counts bytes, and a message longer than the burst passes after a pause and is charged', async () => {
    const moki = await newPerson('moki');
    const { keeper, clock } = newKeeper({ userByteRate: { perSecond: 1000, burst: 5000 } });
    keeper.message('192.0.2.1', moki.id, 10_000);
    expect(refusalOf(() => keeper.message('192.0.2.1', moki.id, 1)).details).toEqual({
      limit: 'userByteRate',
      retryAfter: 5001,
    });
    clock.time += 5001;
    keeper.message('192.0.2.1', moki.id, 1);
  });

  test('remembers a bounded number of addresses', () => {
    const { keeper } = newKeeper({ handshakeRate: { perSecond: 0.001, burst: 1 } }, 10);
    for (let each = 0; each < 1000; each++) keeper.handshake(`192.0.2.${each}`);
    expect(refusalOf(() => keeper.handshake('192.0.2.999')).code).toBe('policy/rate-limited');
    // Forgotten long ago.
    keeper.handshake('192.0.2.1');
    keeper.reduceMemory();
  });

  test('applies one limit to all devices of a user', async () => {
    const moki = await newPerson('moki', { network: EntityType.User });
    const { keeper } = newKeeper({ commandRate: { perSecond: 1, burst: 1 } });
    const { parseID } = moki.facebook.protocol;
    keeper.command(parseID(`${moki.id.text}/phone`));
    expect(
      refusalOf(() => keeper.command(parseID(`${moki.id.text}/laptop`))).details['limit'],
    ).toBe('commandRate');
  });
});
