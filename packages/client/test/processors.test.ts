import { Command } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { disposeSymbol } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import type { Messenger } from '../src/index.ts';
import type { protocol } from './people.ts';
import { acquaint, type ClientOptions, text, World } from './world.ts';

type Prepare = (messenger: Messenger<typeof protocol>) => void;

/** Moki writes; Hulk's program is what the test says. */
async function peersWithHandlers(prepare: Prepare, options: ClientOptions = {}) {
  const world = new World();
  const moki = await world.join('moki');
  const hulk = await world.join('hulk', { screen: false, ...options, prepare });
  await acquaint(moki, hulk);
  const say = async (...words: readonly string[]): Promise<void> => {
    for (const each of words) await moki.messenger.send(text(each), hulk.id);
    await world.carry();
  };
  return { world, moki, hulk, say, restart: () => world.restart(hulk, { screen: false, prepare }) };
}

describe('a handler', () => {
  test('answers the sender with one content, several or none', async () => {
    const { moki, say } = await peersWithHandlers((messenger) => {
      messenger.handle(Text, async ({ content: { body } }) => {
        if (body.text === 'none') return;
        const one = text(`${body.text}, too`);
        return body.text === 'several' ? [one, text('and more')] : one;
      });
    });
    await say('none', 'one', 'several');
    expect(moki.shown).toEqual(['one, too', 'several, too', 'and more']);
  });

  test('is called in its order with the others of its type, and all answers are sent', async () => {
    const calls: string[] = [];
    const { moki, say } = await peersWithHandlers((messenger) => {
      for (const name of ['first', 'second']) {
        messenger.handle(Text, () => {
          calls.push(name);
          return text(name);
        });
      }
    });
    await say('hi');
    expect(calls).toEqual(['first', 'second']);
    expect(moki.shown).toEqual(['first', 'second']);
  });

  test('is not called any more when it was disposed of; then messages go into the iteration', async () => {
    const calls: string[] = [];
    let handle: Disposable | undefined;
    const { hulk, say } = await peersWithHandlers((messenger) => {
      handle = messenger.handle(Text, ({ content }) => {
        calls.push(content.body.text);
      });
    });
    await say('one');
    handle?.[disposeSymbol]();
    handle?.[disposeSymbol]();
    await say('two');
    expect(calls).toEqual(['one']);
    const { value } = await hulk.messenger.messages().next();
    expect(value).toMatchObject({ content: { body: { text: 'two' } }, user: hulk.id });
  });

  test('gets the messages of one sender one after the other, however long it takes', async () => {
    const log: string[] = [];
    const { say } = await peersWithHandlers((messenger) => {
      messenger.handle(Text, async ({ content }) => {
        log.push(`begin ${content.body.text}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        log.push(`end ${content.body.text}`);
      });
    });
    await say('one', 'two');
    expect(log).toEqual(['begin one', 'end one', 'begin two', 'end two']);
  });

  test('of unknown gets contents whose type is not registered, and they are confirmed', async () => {
    const kinds: unknown[] = [];
    const { world, moki, hulk } = await peersWithHandlers((messenger) => {
      messenger.handle('unknown', ({ content }) => {
        kinds.push(content.wire['mood']);
      });
    });
    const { bytes } = await unknownContent(moki, hulk.id);
    await world.deliver(bytes, hulk);
    expect(kinds).toEqual(['happy']);
    expect(hulk.sent).toHaveLength(1);
  });

  test('of commands gets those that are not standard', async () => {
    const names: unknown[] = [];
    const { world, moki, hulk } = await peersWithHandlers((messenger) => {
      messenger.handle(Command, ({ content }) => {
        names.push(content.wire['command']);
        return text('done');
      });
    });
    await moki.messenger.send(Command.create({ command: 'dance' }), hulk.id);
    await world.carry();
    expect(names).toEqual(['dance']);
    expect(moki.shown).toEqual(['done']);
  });
});

async function unknownContent(
  from: { readonly messenger: Messenger<typeof protocol>; readonly id: unknown },
  to: Parameters<Messenger['pack']>[1],
) {
  const { messenger } = from;
  const stamped = messenger.facebook.protocol.contents.stamp(text('x') as never, {
    time: messenger.facebook.clock.now() / 1000,
  });
  const { text: _, ...wire } = stamped.wire as Record<string, never>;
  const sender = (await messenger.facebook.currentUser())?.id;
  if (sender === undefined) expect.unreachable();
  const content = {
    ...stamped,
    type: '77',
    kind: 'unknown',
    wire: { ...wire, type: 77, mood: 'happy' },
  };
  const envelope = { sender, receiver: to, time: stamped.time ?? 0 };
  const secure = await messenger.transceiver.encrypt({ envelope, content } as never);
  if ('status' in secure) expect.unreachable();
  return { bytes: messenger.serialize(await messenger.transceiver.sign(secure)) };
}

describe('middleware', () => {
  test('runs in order before the handlers, and may change the answers', async () => {
    const log: string[] = [];
    const { moki, say } = await peersWithHandlers((messenger) => {
      for (const name of ['outer', 'inner']) {
        messenger.use(async (_message, next) => {
          log.push(`${name} before`);
          const answers = await next();
          log.push(`${name} after`);
          return answers === undefined ? undefined : [answers, text(name)].flat();
        });
      }
      messenger.handle(Text, () => {
        log.push('handler');
        return text('handler');
      });
    });
    await say('hi');
    expect(log).toEqual(['outer before', 'inner before', 'handler', 'inner after', 'outer after']);
    expect(moki.shown).toEqual(['handler', 'inner', 'outer']);
  });

  test('may stop a message: no handler gets it, and it does not come again', async () => {
    const calls: string[] = [];
    const { hulk, say, restart } = await peersWithHandlers((messenger) => {
      messenger.use(({ content }, next) =>
        content.kind === 'text' && (content.body as { text: string }).text === 'spam'
          ? undefined
          : next(),
      );
      messenger.handle(Text, ({ content }) => {
        calls.push(content.body.text);
      });
    });
    await say('spam', 'ham');
    await restart();
    await hulk.messenger.idle();
    expect(calls).toEqual(['ham']);
  });

  test('that throws makes the message fail, and does not lose it', async () => {
    const calls: string[] = [];
    const errors: unknown[] = [];
    let broken = true;
    const { say, restart, hulk } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ error }) => errors.push(error));
      messenger.use((_message, next) => {
        if (broken) throw new RangeError('broken');
        return next();
      });
      messenger.handle(Text, ({ content }) => {
        calls.push(content.body.text);
      });
    });
    await say('hi');
    expect([calls.length, errors.length]).toEqual([0, 1]);
    expect(errors[0]).toBeInstanceOf(RangeError);
    broken = false;
    await restart();
    await hulk.messenger.idle();
    expect(calls).toEqual(['hi']);
  });

  test('that does not wait for the handlers behind it does not hide their failure', async () => {
    const errors: unknown[] = [];
    let broken = true;
    const texts: string[] = [];
    const { say, restart, hulk } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ error }) => errors.push(error));
      messenger.use((_message, next) => {
        void next();
      });
      messenger.handle(Text, async ({ content }) => {
        await Promise.resolve();
        if (broken) throw new RangeError('broken');
        texts.push(content.body.text);
      });
    });
    // The runner fails if the rejection has been left unhandled.
    await say('hi');
    expect(errors).toEqual([expect.any(RangeError)]);
    broken = false;
    await restart();
    await hulk.messenger.idle();
    expect(texts).toEqual(['hi']);
  });

  test('that catches a failure of the handlers behind it has dealt with it', async () => {
    const errors: unknown[] = [];
    const { moki, say } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ error }) => errors.push(error));
      messenger.use(async (_message, next) => {
        try {
          return await next();
        } catch {
          return text('sorry');
        }
      });
      messenger.handle(Text, () => {
        throw new RangeError('broken');
      });
    });
    await say('hi');
    expect(errors).toEqual([]);
    expect(moki.shown).toEqual(['sorry']);
  });

  test('cannot let a handler run twice', async () => {
    const errors: unknown[] = [];
    let calls = 0;
    const { say } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ error }) => errors.push(error));
      messenger.use(async (_message, next) => {
        await next();
        return next();
      });
      messenger.handle(Text, () => {
        calls += 1;
      });
    });
    await say('hi');
    expect(calls).toBe(1);
    expect(errors).toMatchObject([{ name: 'TypeError' }]);
  });

  test('disposed of, is left out', async () => {
    const { hulk, say } = await peersWithHandlers((messenger) => {
      messenger.use(() => undefined).close();
    });
    await say('hi');
    expect((await hulk.messenger.messages().next()).value?.content).toMatchObject({ kind: 'text' });
  });

  test('sees commands that no handler knows, and they are answered with not supported all the same', async () => {
    const seen: string[] = [];
    const unhandled: string[] = [];
    const { world, moki, hulk } = await peersWithHandlers((messenger) => {
      messenger.use(({ content }, next) => {
        seen.push(content.kind);
        return next();
      });
      messenger.on('unhandled', ({ content }) => unhandled.push(content.kind));
    });
    await moki.messenger.send(Command.create({ command: 'dance' }), hulk.id);
    await moki.messenger.idle();
    const [packet] = moki.sent.splice(0);
    if (packet === undefined) expect.unreachable();
    await world.deliver(packet.bytes, hulk);
    expect([seen, unhandled]).toEqual([['command'], ['command']]);
    expect(hulk.sent).toHaveLength(1);
  });
});

describe('a handler that fails', () => {
  test('gets the message again at the next start, until it has failed three times', async () => {
    let calls = 0;
    const failures: string[] = [];
    const { moki, hulk, say, restart } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ message }) => failures.push(message.id));
      messenger.handle(Text, () => {
        calls += 1;
        throw new Error('no');
      });
    });
    await say('hi');
    // It has arrived, even if the program fails on it.
    expect(await moki.messenger.deliveries()).toEqual([]);
    for (let start = 0; start < 5; start++) {
      await restart();
      await hulk.messenger.idle();
    }
    expect(calls).toBe(3);
    expect(new Set(failures).size).toBe(1);
    expect(failures).toHaveLength(3);
  });

  test('does not keep the messages behind from their turn', async () => {
    const shown: string[] = [];
    const { say } = await peersWithHandlers((messenger) => {
      messenger.handle(Text, ({ content }) => {
        if (content.body.text === 'bad') throw new Error('no');
        shown.push(content.body.text);
      });
    });
    await say('bad', 'good');
    expect(shown).toEqual(['good']);
  });

  test('whose answer cannot be sent counts as one that fails', async () => {
    const errors: unknown[] = [];
    const { moki, hulk, say } = await peersWithHandlers((messenger) => {
      messenger.on('handlerFailed', ({ error }) => errors.push(error));
      messenger.handle(Text, ({ content }) =>
        content.body.text === 'large' ? text('x'.repeat(1024 * 1024)) : text('small'),
      );
    });
    await say('large', 'other');
    expect(errors).toMatchObject([{ code: 'format/limit' }]);
    expect(moki.shown).toEqual(['small']);
    expect(hulk.failed).toEqual([]);
  });

  test('after its program was killed in the middle: the message comes again, its answer is not lost', async () => {
    let begun = (): void => {};
    const inside = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let patient = true;
    const { world, moki, hulk, restart } = await peersWithHandlers((messenger) => {
      messenger.handle(Text, async () => {
        begun();
        if (patient) await new Promise(() => {});
        return text('done');
      });
    });
    await moki.messenger.send(text('work'), hulk.id);
    await moki.messenger.idle();
    const [packet] = moki.sent;
    if (packet === undefined) expect.unreachable();
    hulk.messenger.receivedPackage(packet.bytes).catch(() => undefined);
    await inside;
    patient = false;
    await restart();
    await world.carry();
    expect(moki.shown).toEqual(['done']);
  });

  test.each(
    Array.from({ length: 16 }, (_, n) => ({ afterWrites: n >> 1, unacknowledged: n % 2 === 1 })),
  )(
    'or not: killed after $afterWrites writes, neither the message nor the answer is lost (one more is done: $unacknowledged)',
    async (crash) => {
      const handled = new Set<string>();
      const { world, moki, hulk, restart } = await peersWithHandlers((messenger) => {
        messenger.handle(Text, ({ id, content }) => {
          handled.add(id);
          return text(`${content.body.text}, too`);
        });
      });
      await moki.messenger.send(text('hi'), hulk.id);
      await moki.messenger.idle();
      hulk.store.crash(crash);
      const [packet] = moki.sent.splice(0);
      if (packet === undefined) expect.unreachable();
      await hulk.messenger.receivedPackage(packet.bytes).catch(() => undefined);
      await restart();
      await world.live(60_000, 5000);
      expect(handled.size).toBe(1);
      // At least once: a handler may run twice for one message, then it has answered twice.
      expect(moki.shown.length).toBeGreaterThanOrEqual(1);
      expect(new Set(moki.shown)).toEqual(new Set(['hi, too']));
      expect(await moki.messenger.deliveries()).toEqual([]);
      expect(await hulk.messenger.deliveries()).toEqual([]);
    },
  );
});
