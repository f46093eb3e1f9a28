import { createProtocol, defineExtension } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { defineContent } from '@dimp/dkd';
import { ArrayContent, Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { fieldError } from '@dimp/foundation';
import { array, object, schema, string } from '@dimp/foundation/schema';
import { describe, expect, test } from 'vitest';
import { type DeliveryState, Facebook, Messenger, register } from '../src/index.ts';
import { acquaint, text, World } from './world.ts';

/** At least two options, which the type of the body does not tell. */
const options = schema<readonly string[]>(
  (value, field) => {
    const list = array(string).decode(value, field);
    if (list.length < 2) throw fieldError(field, 'must have at least two entries');
    return list;
  },
  (value) => array(string).encode(value),
);
const Poll = defineContent({
  kind: 'com.example/poll',
  match: { type: '204', app: 'com.example', mod: 'poll' },
  schema: object({ options }),
});
const protocol = createProtocol(
  standard(),
  defineExtension({ name: 'com.example', contents: [Poll] }),
);

async function newPeers() {
  const make = async (name: string) => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    const user = await register(name, { facebook, algorithm: 'Ed25519', metaType: '1' });
    return { facebook, user, messenger: new Messenger({ facebook }) };
  };
  return [await make('moki'), await make('hulk')] as const;
}

/** As a program in plain JavaScript has it. */
const untyped = (value: unknown) => value as never;

describe('a content that its own type refuses', () => {
  test('is not sent: the error names the field, and nothing is kept', async () => {
    const [{ messenger }, hulk] = await newPeers();
    const wrong = [
      [Poll.create({ options: ['one'] }), 'options'],
      [Text.create({ text: untyped(5) }), 'text'],
      [Text.create(untyped({})), 'text'],
    ] as const;
    for (const [draft, field] of wrong) {
      await expect(messenger.send(draft, hulk.user.id)).rejects.toMatchObject({
        code: 'format/field',
        details: { field },
      });
    }
    expect(await messenger.deliveries()).toEqual([]);
    await messenger.send(Poll.create({ options: ['one', 'two'] }), hulk.user.id);
    expect(await messenger.deliveries()).toHaveLength(1);
    await messenger.close();
  });

  test('is not packed either, for a person or a group, or inside another content', async () => {
    const [{ messenger, facebook }, hulk] = await newPeers();
    const bad = Poll.create({ options: ['one'] });
    const group = facebook.protocol.parseID('poll@everywhere');
    await expect(messenger.pack(bad, hulk.user.id)).rejects.toMatchObject({ code: 'format/field' });
    await expect(messenger.pack(bad, group)).rejects.toMatchObject({ code: 'format/field' });
    const { contents } = protocol;
    const inner = contents.stamp(Poll.create({ options: ['one'] }), { time: 1 });
    const outer = ArrayContent.create({ contents: [inner] });
    await expect(messenger.send(outer, hulk.user.id)).rejects.toMatchObject({
      code: 'format/field',
    });
    await messenger.close();
  });

  test('is not sent as the answer of a handler: the handler has failed', async () => {
    const world = new World();
    const failures: unknown[] = [];
    const [moki, hulk] = [
      await world.join('moki'),
      await world.join('hulk', {
        screen: false,
        prepare: (messenger) => {
          messenger.handle(Text, () => Text.create({ text: untyped(5) }));
          messenger.on('handlerFailed', ({ error }) => failures.push(error));
        },
      }),
    ];
    await acquaint(moki, hulk);
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(failures).toMatchObject([{ code: 'format/field' }]);
    expect(moki.shown).toEqual([]);
  });
});

describe('errors of programs without types', () => {
  test('a receiver, sender, contact or member that is text is a TypeError at once', async () => {
    const [{ messenger, facebook, user }, hulk] = await newPeers();
    const name = untyped(hulk.user.id.text);
    for (const call of [
      () => messenger.send(text('hi'), name),
      () => messenger.send(text('hi'), untyped(undefined)),
      () => messenger.send(text('hi'), hulk.user.id, { sender: name }),
      () => messenger.pack(text('hi'), name),
      () => messenger.packForGroup(text('hi'), name),
      () => facebook.addContact(user.id, name),
      () => facebook.saveContacts(user.id, [hulk.user.id, name]),
    ]) {
      await expect(call()).rejects.toThrow(TypeError);
    }
    expect(await messenger.deliveries()).toEqual([]);
    await messenger.close();
  });

  test.each(['read', 'failed', '', undefined])(
    'a state that no message gets to, "%s", is a TypeError and not reached at once',
    async (state) => {
      const [{ messenger }, hulk] = await newPeers();
      const delivery = await messenger.send(text('hi'), hulk.user.id);
      const goal = state as Exclude<DeliveryState, 'failed'>;
      await expect(delivery.reached(goal)).rejects.toThrow(TypeError);
      await messenger.close();
    },
  );
});
