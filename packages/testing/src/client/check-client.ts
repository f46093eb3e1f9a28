import type { Chat, ChatMessage, Live } from '@dimp/chat';
import type { DimClient } from '@dimp/chat/client';
import { isProtocolError } from '@dimp/foundation';
import { assert, type TestFunction } from '../compliance/assert.ts';

/** A client to check, and a person who writes to it. */
export interface ClientScene {
  readonly client: DimClient;
  /** ID of somebody whom the client can reach. */
  readonly peer: string;
  /** The peer writes to the user of the client. */
  hear(text: string): Promise<void>;
  /** Resolves when everything has arrived, and the client shows it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Registers the tests that a client must pass, whether it runs in this thread or is reached through a port.
 *
 * @param open - makes a new scene, with empty conversations and without contacts
 *
 * @example
 * ```ts
 * checkClient(test, openScene);
 * ```
 */
export function checkClient(test: TestFunction, open: () => Promise<ClientScene>): void {
  const check = (name: string, run: (scene: ClientScene) => Promise<void>): void => {
    test(name, async () => {
      const scene = await open();
      try {
        await run(scene);
      } finally {
        await scene.close();
      }
    });
  };
  check('everything that a client shows is frozen plain data', plainData);
  check('a live value keeps the objects that have not changed', identity);
  check('a live value ends when it is closed', closing);
  check('a message is in the conversation when send resolves', sending);
  check('incoming messages count as unread until they are read', unread);
  check('a window moves through a conversation', windows);
  check('replies, reactions, edits and recalls change messages in place', annotations);
  check('an incoming message comes once, and is finished when the next one is asked for', incoming);
  check('contacts are added, renamed, blocked and removed', contacts);
  check('wrong calls reject with their codes', refusals);
}

async function plainData({ client, peer, hear, settle }: ClientScene): Promise<void> {
  await hear('Hello');
  await settle();
  await client.contacts.add(peer);
  const chat = await client.chats.open(peer);
  await chat.accept();
  await chat.send('Hi');
  await settle();
  const window = chat.window();
  const lives: readonly [string, Live<unknown>][] = [
    ['me', client.me],
    ['session', client.session],
    ['storage', client.storage],
    ['problems', client.problems],
    ['contacts.list', client.contacts.list],
    ['chats.list', client.chats.list()],
    ['chats.unread', client.chats.unread],
    ['chat.summary', chat.summary],
    ['chat.typists', chat.typists],
    ['chat.pinned', chat.pinned],
    ['chat.window', window],
  ];
  for (const [path, live] of lives) assertPlain(await live.ready, path);
  await window.close();
}

async function identity({ client, peer, settle }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  await chat.send('one');
  await settle();
  const window = chat.window();
  const changes: string[] = [];
  const stop = window.subscribe(({ items }) => changes.push(items.map(textOf).join()));
  const first = (await window.ready).items[0];
  await chat.send('two');
  await settle();
  assert(window.current?.items[0] === first, 'an unchanged message must stay the same object');
  assert(changes.at(-1) === 'one,two', 'a listener must get the newest snapshot');
  const before = changes.length;
  stop();
  await chat.send('three');
  await settle();
  assert(changes.length === before, 'a listener that was removed must not be called');
  await window.close();
}

async function closing({ client, peer }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  const window = chat.window();
  await window.ready;
  const reading = (async () => {
    let count = 0;
    for await (const _ of window) count += 1;
    return count;
  })();
  await window.close();
  assert((await reading) <= 1, 'an iteration must end when its live value is closed');
  assert((await codeOf(window.ready)) === 'state/stopped', 'ready must reject after close');
}

async function sending({ client, peer }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  const { ref } = await chat.send('Hello');
  const message = await chat.message(ref);
  assert(message?.text === 'Hello' && message.mine, 'a sent message must be in the conversation');
  const texts = await allTexts(chat);
  assert(texts.join() === 'Hello', 'messages() must yield the sent message');
  const { last } = await chat.summary.ready;
  assert(last?.ref === ref, 'the summary must show the last message');
  await chat.setDraft({ text: 'unfinished' });
  await chat.pin(true);
  const list = await freshList(client);
  const [shown] = list;
  assert(shown?.draft?.text === 'unfinished' && shown.pinned, 'the list must show draft and pin');
  await chat.setDraft(undefined);
  chat.typing();
}

async function unread({ client, peer, hear, settle }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  await chat.send('Hello');
  await hear('one');
  await hear('two');
  await settle();
  const counts = client.chats.unread;
  const stop = counts.subscribe(() => undefined);
  assert((await counts.ready).messages === 2, 'two messages must be unread');
  await chat.markRead();
  await settle();
  assert(counts.current?.messages === 0, 'no message must be unread after markRead');
  await chat.markUnread();
  await settle();
  assert((await chat.summary.ready).markedUnread, 'a conversation must be marked as unread');
  stop();
}

async function windows({ client, peer, settle }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  for (let count = 1; count <= 30; count++) await chat.send(`m${count}`);
  await settle();
  const window = chat.window({ size: 10 });
  const first = await window.ready;
  assert(first.items.length === 10 && first.hasOlder, 'a window must have the size asked for');
  assert(first.items.at(-1)?.text === 'm30' && !first.hasNewer, 'it must begin at the newest');
  await window.older(10);
  assert(window.current?.items[0]?.text === 'm11', 'older() must show older messages');
  const oldest = await find(chat, 'm1');
  await window.jump({ ref: oldest.ref });
  assert(
    window.current?.items.some(({ ref }) => ref === oldest.ref) === true,
    'jump() must show the message',
  );
  assert(window.current?.hasOlder === false, 'there must be nothing older than the first message');
  await window.close();
}

async function annotations({ client, peer, settle }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  const { ref } = await chat.send('Dinner?');
  await chat.edit(ref, 'Dinner at eight?');
  await chat.react(ref, ['👍']);
  const reply = await chat.reply(ref, 'Yes');
  await settle();
  const edited = await chat.message(ref);
  assert(edited?.text === 'Dinner at eight?', 'an edit must change the text');
  assert(edited.edits.length === 1, 'an edit must keep the text before');
  assert(edited.reactions[0]?.emoji === '👍', 'a reaction must be shown');
  assert((await chat.message(reply.ref))?.replyTo?.ref === ref, 'a reply must name its message');
  await chat.recall(ref);
  await settle();
  const recalled = await chat.message(ref);
  assert(recalled?.recalled !== undefined && recalled.text === '', 'a recall must take the text');
}

async function incoming({ client, hear, settle }: ClientScene): Promise<void> {
  await hear('one');
  await hear('two');
  await settle();
  const read = async (count: number): Promise<readonly string[]> => {
    const texts: string[] = [];
    const stop = new AbortController();
    for await (const { message } of client.chats.incoming({ signal: stop.signal })) {
      texts.push(message.text);
      if (texts.length === count) break;
    }
    stop.abort();
    return texts;
  };
  assert((await read(1)).join() === 'one', 'the oldest message must come first');
  // The first one was not finished: nobody has asked for the next.
  assert((await read(2)).join() === 'one,two', 'a message that is not finished must come again');
}

async function contacts({ client, peer, settle }: ClientScene): Promise<void> {
  const { list } = client.contacts;
  const stop = list.subscribe(() => undefined);
  await client.contacts.add(peer, { name: 'Friend' });
  await settle();
  assert(list.current?.[0]?.name === 'Friend', 'a contact must be in the list with their name');
  await client.contacts.rename(peer, 'Best friend');
  await client.contacts.block(peer, true);
  await settle();
  const [contact] = list.current ?? [];
  assert(contact?.name === 'Best friend' && contact.blocked, 'a contact must be renamed, blocked');
  await client.contacts.block(peer, false);
  await client.contacts.remove(peer);
  await settle();
  assert(list.current?.length === 0, 'a contact who was removed must not be in the list');
  const link = await client.contacts.link();
  assert(link.startsWith('dim:contact?'), 'a link must be a contact link');
  assert((await client.contacts.links()).length === 1, 'a link must be among the links');
  stop();
}

async function refusals({ client, peer }: ClientScene): Promise<void> {
  const chat = await client.chats.open(peer);
  const own = await client.chats.open((await client.me.ready).id);
  const calls: readonly [RegExp, () => Promise<unknown>][] = [
    [/^(format|unsupported)\//, () => client.chats.open('nobody at all')],
    [/^(format|unsupported)\//, () => client.contacts.add('nobody at all')],
    [/^format\//, () => client.contacts.add('dim:contact?v=1')],
    [/^format\/field$/, () => chat.react('no such message', ['👍', '👎', '🎉', '😀'])],
    [/^state\/not-ready$/, () => client.lock()],
  ];
  for (const [code, call] of calls) {
    const got = await codeOf(call());
    assert(code.test(got), `a call must reject with ${code.source}, got: ${got}`);
  }
  assert(own.id !== chat.id, 'conversations must have IDs of their own');
}

/** A list that was not open before. */
async function freshList(client: DimClient) {
  const list = client.chats.list();
  const conversations = await list.ready;
  return conversations;
}

async function find(chat: Chat, text: string): Promise<ChatMessage> {
  for await (const message of chat.messages()) if (message.text === text) return message;
  throw new Error(`there is no message "${text}"`);
}

async function allTexts(chat: Chat): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const message of chat.messages()) texts.push(textOf(message));
  return texts;
}

function textOf({ text }: ChatMessage): string {
  return text;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
}

function assertPlain(value: unknown, path: string): void {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new Error(`${path} must be plain data`);
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  assert(Object.isFrozen(value), `${path} must be frozen`);
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(
    Array.isArray(value) || prototype === Object.prototype || prototype === null,
    `${path} must be a plain object`,
  );
  for (const [name, each] of Object.entries(value)) assertPlain(each, `${path}.${name}`);
}
