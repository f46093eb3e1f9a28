import { memoryStore } from '@dimp/core/memory';
import type { ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { limitsOf } from '../src/index.ts';
import { STORED_COST, StoredBytes, type StoredFor } from '../src/limits/stored-bytes.ts';
import { HandClock } from './support/command-fixture.ts';

const MIB = 1024 * 1024;
const DAY = 24 * 60 * 60_000;

const idOf = (name: string): ID => ({ entity: name }) as ID;

function from(sender: string, address: string, unseen = false): StoredFor {
  return { sender: idOf(sender), address, unseen, neighbour: false };
}

/** Counts over a store that may have been used before. */
function counting(options: { room?: () => number; store?: ReturnType<typeof memoryStore> } = {}) {
  const { store = memoryStore(), room } = options;
  const clock = new HandClock();
  const stored = new StoredBytes({ store, clock, limits: limitsOf(), room });
  /** Keeps as many records as there is room for. */
  const fill = (who: StoredFor, bytes: number, most: number): number => {
    let kept = 0;
    for (; kept < most && stored.admits(who, bytes); kept++) {
      stored.add(stored.payer(who), bytes, clock.now());
    }
    return kept * (bytes + STORED_COST);
  };
  return { stored, clock, store, fill };
}

describe('stored bytes', () => {
  test('of one sender, and of all senders at one address, are bounded, and are released when the messages are removed', () => {
    const { stored, clock, fill } = counting();
    expect(fill(from('mallory', '192.0.2.1'), MIB, 1000)).toBeLessThanOrEqual(256 * MIB);
    let ofAddress = stored.all;
    for (let each = 0; each < 10; each++) {
      ofAddress += fill(from(`sybil ${each}`, '192.0.2.1'), MIB, 1000);
    }
    expect(ofAddress).toBeLessThanOrEqual(1024 * MIB);
    expect(stored.admits(from('moki', '192.0.2.1'), MIB)).toBe(false);
    expect(stored.admits(from('moki', '192.0.2.2'), MIB)).toBe(true);
    stored.remove(stored.payer(from('mallory', '192.0.2.1')), MIB, clock.now());
    expect(stored.admits(from('moki', '192.0.2.1'), MIB)).toBe(true);
  });

  test('for unseen receivers share a small pool, of which each sender and address has a part', () => {
    const { fill } = counting();
    expect(fill(from('mallory', '192.0.2.1', true), 10_000, 100_000)).toBeLessThanOrEqual(4 * MIB);
    let pool = 0;
    for (let each = 0; each < 40; each++) {
      pool += fill(from(`sybil ${each}`, `192.0.2.${each}`, true), 10_000, 100_000);
    }
    expect(pool).toBeLessThanOrEqual(64 * MIB);
    expect(fill(from('moki', '198.51.100.1', true), 1000, 1)).toBe(0);
    // Who is known gets their messages all the same.
    expect(fill(from('moki', '198.51.100.1'), 1000, 1)).toBeGreaterThan(0);
  });

  test('leave room for others on a disk of 500 MB that is filled from twelve addresses', () => {
    let used = 0;
    const { fill } = counting({ room: () => 500 * MIB - used });
    for (let round = 0; round < 3; round++) {
      for (let address = 0; address < 12; address++) {
        for (let each = 0; each < 8; each++) {
          used += fill(from(`sybil ${address} ${each}`, `192.0.2.${address}`), 100_000, 10_000);
        }
      }
    }
    expect(used).toBeLessThan(490 * MIB);
    // All others still have as much as people need.
    expect(fill(from('moki', '198.51.100.1'), 100_000, 15)).toBe(15 * (100_000 + STORED_COST));
  });

  test('of a network of IPv6 count together', () => {
    const { fill } = counting();
    let all = 0;
    for (let each = 0; each < 64; each++) {
      all += fill(from(`sybil ${each}`, `2001:db8:7:${each.toString(16)}::/64`), MIB, 1000);
    }
    expect(all).toBeLessThanOrEqual(4 * 1024 * MIB);
    expect(all).toBeGreaterThan(3 * 1024 * MIB);
  });

  test('are known after a restart, and no longer counted when they have expired', async () => {
    const one = counting();
    const who = from('mallory', '192.0.2.1');
    const kept = one.fill(who, MIB, 1000);
    await one.store.batch(one.stored.changes());
    const two = counting({ store: one.store });
    await two.stored.load();
    expect(two.stored.all).toBe(kept);
    expect(two.stored.admits(who, MIB)).toBe(false);
    two.clock.time += 10 * DAY;
    await two.store.batch(two.stored.changes());
    expect(two.stored.all).toBe(0);
    expect(two.stored.admits(who, MIB)).toBe(true);
    const three = counting({ store: one.store });
    await three.stored.load();
    expect(three.stored.all).toBe(0);
    for await (const entry of one.store.list(['inbox-bytes'])) expect.unreachable(String(entry));
  });
});
