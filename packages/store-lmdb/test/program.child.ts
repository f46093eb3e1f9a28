import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { StoreChange } from '@dimp/core';
import { isProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';
import { lmdbStore } from '../src/index.ts';

/**
 * Programs of other processes in the tests: the first argument is the name of a program, the second the folder of a store.
 * They report on the standard output, a line at a time and at once, because they may be killed any time.
 */
const [program = '', path = '', run = ''] = process.argv.slice(2);
const say = (line: string): void => {
  if (parentPort === null) writeSync(1, `${line}\n`);
  else parentPort.postMessage(line);
};

/** Has the store open until it is killed. */
async function hold(): Promise<void> {
  await lmdbStore({ path });
  say('open');
  setInterval(() => {}, 60_000);
}

/** Writes 10,000 records, sixteen at a time, and says of each when it is acknowledged. */
async function write(): Promise<void> {
  const store = await lmdbStore({ path });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < 10_000; i = next++) {
      const name = String(i);
      // Some need pages of their own, some come in batches, and each replaces another one.
      const value = utf8Encode(`${run}/${name}/${'x'.repeat(i % 20 === 0 ? 6000 : i % 50)}`);
      if (i % 7 === 0) {
        const changes = [0, 1, 2, 3, 4].map(
          (part): StoreChange => ({ type: 'set', key: ['batch', run, name, `${part}`], value }),
        );
        await store.batch([...changes, { type: 'set', key: ['last'], value }]);
      } else await store.set(['single', run, name], value);
      say(name);
    }
  };
  const counter = async (): Promise<void> => {
    while (next < 10_000) {
      const seen = await store.get(['counter']);
      const count = Number(seen === undefined ? 0 : utf8Decode(seen)) + 1;
      if (!(await store.compareAndSet(['counter'], seen, utf8Encode(`${count}`)))) say('lost');
      else say(`count ${count}`);
    }
  };
  await Promise.all([counter(), ...Array.from({ length: 16 }, worker)]);
  await store.close();
  say('done');
}

/** Opens the store, reads all of it, changes it, and says how far it came. */
async function use(): Promise<void> {
  try {
    const store = await lmdbStore({ path });
    let bytes = 0;
    for await (const [, value] of store.list([])) bytes += value.length;
    for (let i = 0; i < 50; i++) {
      await store.batch([
        { type: 'set', key: ['use', String(i)], value: new Uint8Array(i * 200) },
        { type: 'delete', key: ['use', String(i - 3)] },
      ]);
    }
    await store.close();
    say(`used ${bytes}`);
  } catch (error) {
    say(isProtocolError(error) ? error.code : String(error));
  }
}

/** Writes until nothing goes any more, then looks whether the store is still good. */
async function fill(): Promise<void> {
  const store = await lmdbStore({ path });
  let written = 0;
  try {
    for (; written < 1000; written++) {
      await store.set(['fill', String(written)], new Uint8Array(100_000).fill(written));
    }
  } catch (error) {
    say(isProtocolError(error) ? `${error.code} after ${written > 5}` : String(error));
  }
  let listed = 0;
  for await (const [key, value] of store.list(['fill'])) {
    if (value.length === 100_000 && value[0] === (Number(key[1]) & 255)) listed += 1;
  }
  say(listed === written ? 'all there' : `${listed} of ${written} there`);
  await store.delete(['fill', '0']);
  await store.set(['small'], new Uint8Array(10));
  await store.close();
  say('writes again');
}

/**
 * Ends in the middle of its writes, in the way and after the milliseconds that the argument says: `exit 20`, `throw 20`.
 * Without a number it ends in the turn of the event loop after the first write.
 */
async function end(): Promise<void> {
  const store = await lmdbStore({ path });
  const [way, pause] = run.split(' ');
  const leave = (): void => {
    if (way === 'throw') throw new Error('on purpose');
    process.exit(1);
  };
  if (pause === undefined) {
    void store.set(['first'], new Uint8Array(100));
    setTimeout(() => {
      // LMDB's thread gets as far as it can by itself.
      for (const since = performance.now(); performance.now() - since < 5; );
      leave();
    });
    return;
  }
  setTimeout(leave, Number(pause));
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const name = String(next++);
      if (Number(name) % 3 === 0) {
        await store.compareAndSet([name], undefined, utf8Encode(name));
      } else await store.set([name], utf8Encode(name));
      say(name);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
}

const programs: Record<string, () => Promise<void>> = { hold, write, use, fill, end };
await programs[program]?.();
