import { defineContent } from '@dimp/dkd';
import { Block, Command, Handshake, Login, receiptFor } from '@dimp/extensions/commands';
import { ArrayContent, Customized, Text } from '@dimp/extensions/contents';
import { EntityType, EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { commandHandler } from '../src/index.ts';
import { Office, officeOf } from './support/command-fixture.ts';
import { newPerson } from './support/test-users.ts';

describe('a station', () => {
  test('does not answer texts, receipts and broadcasts, and says that it does not support unknown contents', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const { envelope, content } = await office.heard(moki, Text.create({ text: 'all users' }));
    expect(await office.replies(moki, Text.create({ text: 'all users' }))).toEqual([]);
    expect(
      await office.replies(moki, receiptFor(envelope, 'Command not support.', { sn: content.sn })),
    ).toEqual([]);
    const unknown = Command.create({ command: 'shutdown' });
    expect(await office.replies(moki, unknown)).toEqual(['Command not support.']);
    expect(await office.replies(moki, unknown, { receiver: EVERYONE })).toEqual([]);
    const custom = Customized.create({ app: 'a', mod: 'm', act: 'x' });
    expect(await office.replies(moki, custom)).toEqual(['Content not support.']);
    const bot = await newPerson('bot', { network: EntityType.Bot });
    await office.meet(bot);
    expect(await office.replies(bot, unknown)).toEqual([]);
    const handshake = Handshake.create({ title: 'Hello world!' });
    expect(await office.answers(moki, handshake)).toBeUndefined();
  });

  test('answers each content of an array, within bounds, and ignores a handshake in one', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const { contents } = moki.facebook.protocol;
    const { seconds: time } = office.clock;
    const inner = (draft: object) => contents.stamp(draft as never, { time });
    const unknown = inner(Command.create({ command: 'shutdown' }));
    const hello = inner(Handshake.create({ title: 'Hello world!' }));
    const two = ArrayContent.create({ contents: [unknown, hello, unknown] });
    expect(await office.replies(moki, two)).toEqual([
      'Command not support.',
      'Command not support.',
    ]);
    const half = inner(ArrayContent.create({ contents: new Array(40).fill(unknown) }));
    const many = ArrayContent.create({ contents: [half, half] });
    expect(await office.replies(moki, many)).toHaveLength(62);
    let nested = unknown;
    for (let depth = 0; depth < 5; depth++)
      nested = inner(ArrayContent.create({ contents: [nested] }));
    expect(await office.replies(moki, ArrayContent.create({ contents: [nested] }))).toEqual([]);
  });

  test('lets the operator handle contents of their own, once each, and survives errors of the handler', async () => {
    const Greeting = defineContent({
      kind: 'com.example/greeting',
      match: { type: '204', app: 'com.example', mod: 'chat', act: 'greet' },
      schema: () => expect.unreachable(),
    });
    const handler = commandHandler(Customized, ({ content }) => {
      if (content.body.act === 'fail') throw new TypeError('secret text');
      return [Text.create({ text: `you said ${content.body.act}` })];
    });
    const moki = await newPerson('moki');
    const office = await officeOf(moki, { handlers: [handler] });
    const say = (act: string) =>
      office.replies(moki, Customized.create({ app: 'a', mod: 'm', act }));
    expect(await say('hi')).toEqual(['<text>']);
    expect(await say('fail')).toEqual(['Command error.']);
    expect(office.logged).toEqual(['["command failed",{"kind":"customized","cause":"TypeError"}]']);
    const twice = commandHandler(Login, () => []);
    await expect(Office.open({ handlers: [twice] })).rejects.toMatchObject({
      code: 'registry/duplicate',
    });
    await expect(
      Office.open({ handlers: [{ kind: 'handshake', handle: () => [] }] }),
    ).rejects.toThrow(RangeError);
    expect(commandHandler(Greeting, () => []).kind).toBe('com.example/greeting');
  });

  test('sends no answer and stores nothing when the store fails, so that the sender tries again', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const block = await office.heard(moki, Block.create({ list: [] }));
    await office.store[Symbol.asyncDispose]();
    await expect(office.commands.process(block)).rejects.toMatchObject({ code: 'state/stopped' });
  });
});
