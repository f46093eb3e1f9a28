import { memoryStore } from '@dimp/core/memory';
import { ProtocolError } from '@dimp/foundation';
import { simulatedWorld } from '@dimp/testing/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Bot, type BotOptions, rateLimit } from '../../src/bot.ts';
import type { IncomingChatMessage } from '../../src/model/chats.ts';
import { FakeClient, messageOf } from '../port/fake-client.ts';

/** A world with a bot and two people; the bot runs until the test ends. */
async function withBot<S extends null | string | number | { readonly step: number }>(
  prepare: (bot: Bot<S>) => void,
  options: Partial<BotOptions> = {},
) {
  const world = await simulatedWorld({ people: ['robot', 'ana', 'bo'] });
  const stop = new AbortController();
  const { client } = world.robot;
  const timed = { clock: world.time, timers: world.time };
  const bot = new Bot<S>({ client, ...timed, ...options });
  prepare(bot);
  const running = bot.run({ signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await running;
    await world.close();
  });
  return { world, bot, stop, running };
}

test('a command is answered, with its words, and others are not understood', async () => {
  const calls: unknown[] = [];
  const { world } = await withBot((bot) =>
    bot
      .command(
        ['roll', 'dice'],
        'rolls a die',
        async ({ command: { name, args, rest }, reply }) => {
          calls.push([name, args, rest]);
          await reply('4');
        },
      )
      .command('secret', '', () => undefined),
  );
  await world.ana.say('robot', '/roll 20 "two words"');
  await world.ana.say('robot', '/DICE');
  await world.ana.say('robot', '/help');
  await world.ana.say('robot', '/nonsense');
  await world.settle();
  expect(calls).toEqual([
    ['roll', ['20', 'two words'], '20 "two words"'],
    ['dice', [], ''],
  ]);
  expect((await world.ana.read('robot')).slice(4)).toEqual([
    '4',
    '4',
    '/roll: rolls a die',
    'I do not know that. Try /help',
  ]);
});

test('a text without a command goes to the handlers of its kind, other kinds to those of all', async () => {
  const { world } = await withBot((bot) =>
    bot
      .on('text', ({ text, reply }) => reply(`You said: ${text}`))
      .on('*', ({ react }) => react('👍')),
  );
  await world.ana.say('robot', 'Hello');
  await world.settle();
  expect(await world.ana.read('robot')).toEqual(['Hello', 'You said: Hello']);
});

test('a dialogue remembers each person by themselves, also over a restart, for its lifetime', async () => {
  const store = memoryStore();
  const talk = (bot: Bot<{ readonly step: number }>) =>
    bot.on('text', async (context) => {
      const step = (context.session?.step ?? 0) + 1;
      context.session = { step };
      await context.reply(`step ${step}`);
    });
  const { world, stop, running } = await withBot(talk, {
    sessions: { store, lifetimeMs: 60 * 60_000 },
  });
  for (const person of ['ana', 'bo', 'ana'] as const) {
    await world[person].say('robot', 'next');
    await world.settle();
  }
  expect(await world.ana.read('robot')).toEqual(['next', 'step 1', 'next', 'step 2']);
  expect(await world.bo.read('robot')).toEqual(['next', 'step 1']);
  stop.abort();
  await running;

  const again = new Bot<{ readonly step: number }>({
    client: world.robot.client,
    clock: world.time,
    timers: world.time,
    sessions: { store, clock: world.time, lifetimeMs: 60 * 60_000 },
  });
  talk(again);
  const end = new AbortController();
  const second = again.run({ signal: end.signal });
  await world.ana.say('robot', 'next');
  await world.settle();
  expect((await world.ana.read('robot')).at(-1)).toBe('step 3');
  await world.clock.advance('2h');
  await world.ana.say('robot', 'next');
  await world.settle();
  expect((await world.ana.read('robot')).at(-1)).toBe('step 1');
  end.abort();
  await second;
});

test('two bots that answer each other stop', async () => {
  const answer = (bot: Bot) =>
    bot.use(rateLimit({ messages: 5 })).on('text', ({ reply }) => reply('Yes'));
  const { world } = await withBot<string>((bot) => {
    bot.use(rateLimit({ messages: 5 })).on('text', ({ reply }) => reply('Yes'));
  });
  const other = new Bot({ client: world.ana.client, clock: world.time, timers: world.time });
  answer(other);
  const stop = new AbortController();
  const running = other.run({ signal: stop.signal });
  await world.ana.say('robot', 'Hello');
  await world.settle();
  expect((await world.ana.read('robot')).length).toBeLessThan(20);
  stop.abort();
  await running;
});

test('a handler that throws is reported, and the bot goes on with the next message', async () => {
  const errors: string[] = [];
  const { world } = await withBot((bot) =>
    bot
      .on('text', ({ text, reply }) => {
        if (text === 'bad') throw new Error('of the handler');
        if (text === 'worse') return Promise.reject(new TypeError('later'));
        return reply('fine');
      })
      .onError((error, { text }) => {
        errors.push(`${text}: ${String(error)}`);
        throw new Error('of the error handler');
      })
      .onError((_, { reply }) => reply('sorry')),
  );
  const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  for (const text of ['bad', 'worse', 'good']) await world.ana.say('robot', text);
  await world.settle();
  expect(errors).toEqual(['bad: Error: of the handler', 'worse: TypeError: later']);
  expect((await world.ana.read('robot')).slice(3)).toEqual(['sorry', 'sorry', 'fine']);
  expect(shown).toHaveBeenCalledTimes(2);
  shown.mockRestore();
});

test('middleware sees each message first, in order, and may keep it', async () => {
  const seen: string[] = [];
  const { world } = await withBot((bot) =>
    bot
      .use(async ({ text }, next) => {
        seen.push(`before ${text}`);
        await next();
        seen.push(`after ${text}`);
      })
      .use(({ text }, next) => (text === 'hidden' ? undefined : next()))
      .on('text', ({ text }) => seen.push(text)),
  );
  await world.ana.say('robot', 'hidden');
  await world.ana.say('robot', 'shown');
  await world.settle();
  expect(seen).toEqual(['before hidden', 'after hidden', 'before shown', 'shown', 'after shown']);
});

/** A bot over a client in memory, whose incoming messages the test hands in. */
function fakeBot(options: Partial<BotOptions> = {}) {
  const fake = new FakeClient();
  const queue: IncomingChatMessage[] = [];
  const finished: string[] = [];
  let wake = (): void => undefined;
  const client = {
    ...fake.client,
    chats: {
      ...fake.client.chats,
      async *incoming({ signal }: { readonly signal?: AbortSignal } = {}) {
        signal?.addEventListener('abort', () => wake());
        for (;;) {
          const next = queue.shift();
          if (signal?.aborted) return;
          if (next !== undefined) {
            yield next;
            finished.push(next.message.ref);
          } else {
            await new Promise<void>((resolve) => {
              const before = wake;
              wake = () => {
                before();
                resolve();
              };
            });
          }
        }
      },
    },
  };
  const bot = new Bot({ client, ...options });
  const stop = new AbortController();
  const write = (sender: string, ref: string): void => {
    queue.push({ conversation: sender, message: messageOf(ref, { sender }), notify: true });
    wake();
    wake = () => undefined;
  };
  const run = (): void => {
    const running = bot.run({ signal: stop.signal });
    onTestFinished(async () => {
      stop.abort();
      wake();
      await running;
    });
  };
  return { fake, bot, write, run, finished, stop, client };
}

test('messages of one person are handled in order, those of several people at a time', async () => {
  const { bot, write, run } = fakeBot();
  const log: string[] = [];
  const open: (() => void)[] = [];
  bot.on('*', async ({ text }) => {
    log.push(`begin ${text}`);
    await new Promise<void>((resolve) => open.push(resolve));
    log.push(`end ${text}`);
  });
  run();
  for (const ref of ['a1', 'a2', 'a3']) write('ana', ref);
  write('bo', 'b1');
  await vi.waitFor(() => expect(log).toEqual(['begin a1', 'begin b1']));
  for (let count = 0; count < 4; count++) {
    await vi.waitFor(() => expect(open.length).toBeGreaterThan(0));
    open.shift()?.();
  }
  await vi.waitFor(() => expect(log.at(-1)).toBe('end a3'));
  expect(log.filter((line) => line.includes('a'))).toEqual([
    'begin a1',
    'end a1',
    'begin a2',
    'end a2',
    'begin a3',
    'end a3',
  ]);
});

test('a person who floods the bot does not make others wait', async () => {
  const { bot, write, run } = fakeBot({ parallel: 2 });
  const handled: string[] = [];
  bot.on('*', async ({ sender, text }) => {
    if (sender === 'eve') await new Promise(() => undefined);
    handled.push(text);
  });
  run();
  for (let count = 0; count < 1000; count++) write('eve', `e${count}`);
  write('ana', 'Hello');
  await vi.waitFor(() => expect(handled).toEqual(['Hello']));
});

test('a handler that never ends is left behind after its time, and told so by its signal', async () => {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { bot, write, run } = fakeBot({ timeoutMs: 20, parallel: 1 });
  const handled: string[] = [];
  let aborted = false;
  bot.on('*', async ({ text, signal }) => {
    handled.push(text);
    if (text !== 'slow') return;
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    await new Promise(() => undefined);
  });
  run();
  write('ana', 'slow');
  write('ana', 'next');
  await vi.waitFor(() => expect(handled).toEqual(['slow', 'next']));
  expect(aborted).toBe(true);
  shown.mockRestore();
});

test('a message is finished when its handlers have ended', async () => {
  const { bot, write, run, finished } = fakeBot({ parallel: 1 });
  let end = (): void => undefined;
  bot.on(
    '*',
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  run();
  write('ana', 'a1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(finished).toEqual([]);
  end();
  await vi.waitFor(() => expect(finished).toEqual(['a1']));
});

test('after a failure of the store the bot reads on', async () => {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const fake = new FakeClient();
  let attempts = 0;
  const handled: string[] = [];
  const stop = new AbortController();
  const client = {
    ...fake.client,
    chats: {
      ...fake.client.chats,
      async *incoming() {
        attempts += 1;
        if (attempts === 1) throw new ProtocolError('store/unavailable', 'the store is busy');
        yield { conversation: 'ana', message: messageOf('a1', { sender: 'ana' }), notify: true };
        throw new ProtocolError('state/stopped', 'the client is closed');
      },
    },
  };
  const bot = new Bot({ client, parallel: 1 });
  bot.on('*', ({ text }) => handled.push(text));
  await bot.run({ signal: stop.signal });
  expect([attempts, handled]).toEqual([2, ['a1']]);
  shown.mockRestore();
});

test('a limit refills with time, and tells a person once in it', async () => {
  let now = 0;
  const { bot, write, run, fake } = fakeBot({ parallel: 1 });
  bot.use(
    rateLimit({ messages: 2, perMs: 1000, notice: 'Slower, please.', clock: { now: () => now } }),
  );
  const handled: string[] = [];
  bot.on('*', ({ text }) => handled.push(text));
  run();
  for (const ref of ['a1', 'a2', 'a3', 'a4']) write('ana', ref);
  write('bo', 'b1');
  await vi.waitFor(() => expect(handled).toEqual(['a1', 'a2', 'b1']));
  now = 500;
  write('ana', 'a5');
  write('ana', 'a6');
  write('bo', 'b2');
  await vi.waitFor(() => expect(handled).toEqual(['a1', 'a2', 'b1', 'a5', 'b2']));
  expect(fake.calls).toEqual([['chat.send', 'Slower, please.']]);
});

test.each(['', 'two words', '/x', 'x'.repeat(33)])('a command cannot be called "%s"', (name) => {
  const { bot } = fakeBot();
  expect(() => bot.command(name, '', () => undefined)).toThrow(TypeError);
});

test('a command has one meaning', () => {
  const { bot } = fakeBot();
  bot.command('Roll', '', () => undefined);
  expect(() => bot.command('roll', '', () => undefined)).toThrow('already');
});
