import { describe, expect, test } from 'vitest';
import { disposeSymbol, type EventSource, Events } from '../src/index.ts';

interface Kinds {
  saved: { readonly id: string };
  closed: Record<never, never>;
}

describe('events', () => {
  test('reach the listeners of their kind, at once and in order', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    const heard: string[] = [];
    events.on('saved', ({ id }) => heard.push(`first ${id}`));
    events.on('saved', ({ id }) => heard.push(`second ${id}`));
    events.on('closed', () => heard.push('closed'));
    events.emit('saved', { id: 'a' });
    events.emit('closed', {});
    events.emit('saved', { id: 'b' });
    expect(heard).toEqual(['first a', 'second a', 'closed', 'first b', 'second b']);
  });

  test('an event without listeners is allowed', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    expect(() => events.emit('saved', { id: 'a' })).not.toThrow();
  });

  test('are not kept for those who come later', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    events.emit('saved', { id: 'a' });
    const heard: string[] = [];
    events.on('saved', ({ id }) => heard.push(id));
    expect(heard).toEqual([]);
  });

  test('end with the handle, for this listening only, however often it is disposed of', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    const heard: string[] = [];
    const listener = ({ id }: Kinds['saved']): void => {
      heard.push(id);
    };
    const [first, second] = [events.on('saved', listener), events.on('saved', listener)];
    events.emit('saved', { id: 'a' });
    expect(heard).toEqual(['a', 'a']);
    first[disposeSymbol]();
    first[disposeSymbol]();
    events.emit('saved', { id: 'b' });
    expect(heard).toEqual(['a', 'a', 'b']);
    second[disposeSymbol]();
    events.emit('saved', { id: 'c' });
    expect(heard).toEqual(['a', 'a', 'b']);
  });

  test('reach the listeners of that moment; listeners may be added and removed meanwhile', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    const heard: string[] = [];
    const once = events.on('saved', ({ id }) => {
      heard.push(`once ${id}`);
      once[disposeSymbol]();
      events.on('saved', (event) => heard.push(`later ${event.id}`));
    });
    events.on('saved', ({ id }) => heard.push(`always ${id}`));
    events.emit('saved', { id: 'a' });
    events.emit('saved', { id: 'b' });
    expect(heard).toEqual(['once a', 'always a', 'always b', 'later b']);
  });

  test('a listener may emit: the inner event comes first to an end', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    const heard: string[] = [];
    events.on('saved', () => events.emit('closed', {}));
    events.on('closed', () => heard.push('closed'));
    events.on('saved', () => heard.push('saved'));
    events.emit('saved', { id: 'a' });
    expect(heard).toEqual(['closed', 'saved']);
  });

  test('a kind may have the name of a member of all objects', () => {
    const events = new Events<{ constructor: string; __proto__: string }>({
      constructor: true,
      ['__proto__']: true,
    });
    const heard: string[] = [];
    events.on('constructor', (event) => heard.push(event));
    events.on('__proto__', (event) => heard.push(event));
    events.emit('constructor', 'a');
    events.emit('__proto__', 'b');
    expect(heard).toEqual(['a', 'b']);
  });

  test('an unknown kind and a listener that is not a function are refused', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    for (const kind of ['nonsense', 'constructor', '__proto__', 'toString'] as const) {
      // @ts-expect-error: no such kind; JavaScript does not know
      expect(() => events.on(kind, () => undefined)).toThrow(TypeError);
    }
    // @ts-expect-error: no function
    expect(() => events.on('saved', undefined)).toThrow(TypeError);
    // @ts-expect-error: a kind is forgotten
    expect(() => new Events<Kinds>({ saved: true }).on('closed', () => undefined)).toThrow(
      TypeError,
    );
  });

  test('errors of listeners are reported to the callback, which may fail too', async () => {
    const failures: unknown[] = [];
    const events = new Events<Kinds>(
      { saved: true, closed: true },
      { onListenerFailed: (error, kind) => failures.push([kind, error]) },
    );
    events.on('saved', () => {
      throw 'at once';
    });
    events.on('closed', () => Promise.reject('later'));
    events.emit('saved', { id: 'a' });
    events.emit('closed', {});
    await Promise.resolve();
    await Promise.resolve();
    expect(failures).toEqual([
      ['saved', 'at once'],
      ['closed', 'later'],
    ]);
  });

  test('are typed by kind; who only listens cannot emit', () => {
    const events = new Events<Kinds>({ saved: true, closed: true });
    const source: EventSource<Kinds> = events;
    source.on('saved', ({ id }) => void (id satisfies string));
    // @ts-expect-error: no such kind
    expect(() => source.on('lost', () => undefined)).toThrow(TypeError);
    // @ts-expect-error: carries something else
    events.emit('saved', { name: 'a' });
    // @ts-expect-error: not for listeners
    expect(source.emit).toBeDefined();
  });
});
