import { Poll, pollBody } from '@dimp/extensions/chat';
import { describe, expect, test } from 'vitest';
import { announce, textsOf, twoFriends } from './world.ts';

describe('what is said about a message', () => {
  test('reactions replace the earlier ones of the same person, on both sides', async () => {
    const { world, mokiChat, hulkChat, moki, hulk } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    await hulkChat.react(ref, ['👍', '🎉']);
    await mokiChat.react(ref, ['👍']);
    await world.carry();
    const emojis = async (chat: typeof mokiChat) =>
      (await chat.message(ref))?.reactions.map(({ emoji, count, mine }) => [emoji, count, mine]);
    expect(await emojis(mokiChat)).toEqual([
      ['👍', 2, true],
      ['🎉', 1, false],
    ]);
    expect(await emojis(hulkChat)).toEqual([
      ['👍', 2, true],
      ['🎉', 1, true],
    ]);
    await world.live(1);
    await hulkChat.react(ref, []);
    await world.carry();
    expect(await emojis(mokiChat)).toEqual([['👍', 1, true]]);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
    expect(await textsOf(mokiChat)).toEqual(['a']);
    expect([...moki.failed, ...hulk.failed]).toEqual([]);
  });

  test('what is not an emoji is refused before it is sent', async () => {
    const { mokiChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    for (const emojis of [['no'], ['👍👍'], ['👍', '🎉', '😀', '❤️'], ['\u202e']]) {
      await expect(mokiChat.react(ref, emojis)).rejects.toMatchObject({ code: 'format/field' });
    }
  });

  test('votes count once for each voter, and no longer after the author has ended the poll', async () => {
    const { world, mokiChat, hulkChat } = await twoFriends();
    const options = [
      { id: 'a', text: 'Pizza' },
      { id: 'b', text: 'Soup' },
    ];
    const { ref } = await mokiChat.send(Poll.create(pollBody({ question: 'Dinner?', options })));
    await world.carry();
    expect(await hulkChat.message(ref)).toMatchObject({ kind: 'poll' });
    await hulkChat.vote(ref, ['a']);
    await world.live(1);
    await hulkChat.vote(ref, ['b']);
    await mokiChat.vote(ref, ['b']);
    await world.carry();
    for (const chat of [mokiChat, hulkChat]) {
      const poll = (await chat.message(ref))?.poll;
      expect(poll?.options.map(({ votes }) => votes)).toEqual([0, 2]);
      expect(poll).toMatchObject({ voters: 2, closed: false });
    }
    await expect(hulkChat.closePoll(ref)).rejects.toMatchObject({ code: 'policy/unauthorized' });
    await world.live(1);
    await mokiChat.closePoll(ref);
    await world.live(1);
    await hulkChat.vote(ref, ['a']);
    await world.carry();
    expect((await mokiChat.message(ref))?.poll).toMatchObject({ closed: true });
    expect((await mokiChat.message(ref))?.poll?.options[0]?.votes).toBe(0);
    await expect(hulkChat.vote(ref, ['c'])).rejects.toMatchObject({ code: 'format/field' });
    await expect(mokiChat.edit(ref, 'other')).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
  });

  test('pinned messages are listed on both sides, in the order of the conversation', async () => {
    const { world, mokiChat, hulkChat } = await twoFriends();
    const first = await mokiChat.send('a');
    const second = await mokiChat.send('b');
    await world.carry();
    await hulkChat.pinMessage(second.ref, true);
    await hulkChat.pinMessage(first.ref, true);
    await world.carry();
    for (const chat of [mokiChat, hulkChat]) {
      expect((await chat.pinned.ready).map(({ text }) => text)).toEqual(['a', 'b']);
    }
    await world.live(1);
    await mokiChat.pinMessage(first.ref, false);
    await world.carry();
    expect((await hulkChat.pinned.ready).map(({ text }) => text)).toEqual(['b']);
  });

  test('a star is for the user alone', async () => {
    const { world, mokiChat, hulkChat, moki } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    await mokiChat.star(ref, true);
    await world.rest();
    expect(moki.sent).toEqual([]);
    expect(await mokiChat.message(ref)).toMatchObject({ starred: true });
    expect(await hulkChat.message(ref)).toMatchObject({ starred: false });
  });

  test('an annotation that comes before its message is applied when that comes', async () => {
    const { world, moki, mokiChat, hulkChat, hulk } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.rest();
    const [message] = moki.sent.splice(0);
    await mokiChat.react(ref, ['👍']);
    await world.rest();
    const [reaction] = moki.sent.splice(0);
    if (message === undefined || reaction === undefined) expect.unreachable();
    world.loses = () => true;
    await world.deliver(reaction.bytes, hulk);
    // The messenger waits ten minutes for the message before it.
    await world.live(11 * 60_000, 60_000);
    expect(await textsOf(hulkChat)).toEqual([]);
    await world.deliver(message.bytes, hulk);
    expect((await hulkChat.message(ref))?.reactions).toMatchObject([{ emoji: '👍' }]);
  });

  test('a program that does not know these kinds gets none of them', async () => {
    const { world, moki, hulk, mokiChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    const visa = await hulk.facebook.document(hulk.id);
    expect(visa?.properties['accepts']).toContain('chat-1');
    await announce(hulk, [], moki);
    await mokiChat.react(ref, ['👍']);
    await world.rest();
    expect(moki.sent).toEqual([]);
    expect((await mokiChat.message(ref))?.reactions).toMatchObject([{ emoji: '👍', mine: true }]);
  });
});

describe('forwarding', () => {
  test('passes the words on without their place, and says that they are passed on', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const first = await hulkChat.send('words');
    await world.carry();
    const quoting = await mokiChat.reply(first.ref, 'my words');
    const { ref } = await mokiChat.forward(quoting.ref, hulk.id.text);
    await world.carry();
    const shown = await hulkChat.message(ref);
    expect(shown).toMatchObject({ text: 'my words', kind: 'text', forwarded: true });
    expect(shown?.replyTo).toBeUndefined();
    expect(shown?.sender).toBe(moki.id.entity);
    await mokiChat.recall(quoting.ref);
    await expect(mokiChat.forward(quoting.ref, hulk.id.text)).rejects.toMatchObject({
      code: 'unsupported/content',
    });
  });
});
