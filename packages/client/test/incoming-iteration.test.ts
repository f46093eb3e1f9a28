import { describe, expect, test } from 'vitest';
import { newMessenger, text, twoPeers } from './world.ts';

/** Two peers whose programs have ended: the tests start their own messengers. */
async function closedPeers() {
  const { world, moki, hulk } = await twoPeers();
  for (const { messenger } of [moki, hulk]) await messenger.close();
  return { world, moki, hulk };
}

describe('the iteration over messages', () => {
  async function listener() {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const say = async (words: string): Promise<void> => {
      const message = await mine.pack(text(words), hulk.id);
      if ('status' in message) expect.unreachable();
      await his.receivedPackage(mine.serialize(message));
    };
    return { world, hulk, his, say };
  }
  const words = (item: IteratorResult<{ content: { body: unknown } }>) =>
    (item.value as { content: { body: { text: string } } } | undefined)?.content.body.text;

  test('gives each message once, in order, also those that came before it began', async () => {
    const { his, say } = await listener();
    await say('one');
    await say('two');
    const iteration = his.messages();
    expect([words(await iteration.next()), words(await iteration.next())]).toEqual(['one', 'two']);
    const next = iteration.next();
    await say('three');
    expect(words(await next)).toBe('three');
  });

  test('gives a message again at the next start, unless the application has done with it', async () => {
    const { world, hulk, his, say } = await listener();
    for (const each of ['one', 'two', 'three']) await say(each);
    const iteration = his.messages();
    await iteration.next();
    const { value: two } = await iteration.next();
    if (two === undefined) expect.unreachable();
    await his.close();
    const second = await newMessenger(world, hulk);
    const again = second.messages();
    const { value } = await again.next();
    expect([value?.id, value?.content.body]).toEqual([two.id, { text: 'two' }]);
    await second.done({ id: two.id });
    await second.done({ id: 'no such message' });
    await second.close();
    const third = await newMessenger(world, hulk);
    expect(words(await third.messages().next())).toBe('three');
  });

  test('that is left in the middle leaves its message to the next one, also to one that waits already', async () => {
    const { his, say } = await listener();
    await say('one');
    for await (const { content } of his.messages()) {
      expect(content.body).toEqual({ text: 'one' });
      break;
    }
    const first = his.messages();
    expect(words(await first.next())).toBe('one');
    const waiting = his.messages().next();
    await Promise.resolve();
    await first.return(undefined);
    await say('two');
    expect(words(await waiting)).toBe('one');
  });

  test('shares the messages with another iteration', async () => {
    const { his, say } = await listener();
    const both = [his.messages().next(), his.messages().next()];
    await say('one');
    await say('two');
    expect((await Promise.all(both)).map(words).sort()).toEqual(['one', 'two']);
  });

  test('ends when its signal aborts, at once if it has', async () => {
    const { his, say } = await listener();
    const stop = new AbortController();
    const iteration = his.messages({ signal: stop.signal });
    const next = iteration.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await say('one');
    const none = his.messages({ signal: AbortSignal.abort() });
    expect((await none.next()).done).toBe(true);
    expect(words(await his.messages().next())).toBe('one');
  });
});
