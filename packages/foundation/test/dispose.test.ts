import {
  asyncDisposeSymbol,
  disposeSymbol,
  Events,
  makeHandle,
  onAsyncDispose,
  onDispose,
} from '@dimp/foundation';
import { expect, test } from 'vitest';

test('the symbols are the platform’s where it has them, else the registered ones', () => {
  expect(disposeSymbol).toBe(Symbol.dispose ?? Symbol.for('Symbol.dispose'));
  expect(asyncDisposeSymbol).toBe(Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose'));
});

test('a handle ends by close and by the symbol', () => {
  let ended = 0;
  const handle = makeHandle(() => {
    ended += 1;
  });
  handle.close();
  handle[disposeSymbol]();
  expect(ended).toBe(2);
});

test('a listener that is closed hears nothing more', () => {
  const events = new Events<{ heard: number }>({ heard: true });
  const heard: number[] = [];
  const listening = events.on('heard', (event) => heard.push(event));
  events.emit('heard', 1);
  listening.close();
  events.emit('heard', 2);
  expect(heard).toEqual([1]);
});

test('what a class makes is ended by the symbols, with the same effect as its method', async () => {
  class Door {
    declare readonly [Symbol.dispose]: () => void;
    declare readonly [Symbol.asyncDispose]: () => Promise<void>;
    closed = 0;

    static {
      onDispose(Door, (door) => door.close());
      onAsyncDispose(Door, async (door) => door.close());
    }

    close(): void {
      this.closed += 1;
    }
  }
  const door = new Door();
  door[disposeSymbol]();
  await door[asyncDisposeSymbol]();
  expect(door.closed).toBe(2);
});
