import { resolve } from 'node:path';
import { type ID, sameEntity } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { filesToken } from '../files/servers.ts';
import { showDeferred } from '../messages/deferred.ts';
import { showOutbox } from '../messages/outbox.ts';
import { downloadTo } from '../messages/save.ts';
import { addContact } from '../people/add.ts';
import { comparable } from '../people/person.ts';
import { showDetails, showPerson } from '../people/show.ts';
import { usage } from '../terminal/failure.ts';
import type { Chat } from './chat.ts';
import { showConversations } from './conversations.ts';
import { CHAT_COMMANDS, type ChatCommandName } from './input.ts';
import { showMessageInfo } from './message-info.ts';
import { messageMeant, numberedMessage } from './message-meant.ts';

/** Messages that `/history` shows by default, and hits of `/search`. */
const SHOWN = 20;
const MAX_SHOWN = 1000;

/** Executes a command of a chat. @returns whether the chat ends */
export async function runChatCommand(
  chat: Chat,
  name: ChatCommandName,
  rest: string,
): Promise<boolean> {
  if (name === 'quit') return true;
  await COMMANDS[name](chat, rest);
  return false;
}

type Run = (chat: Chat, rest: string) => Promise<void>;

const COMMANDS: Readonly<Record<Exclude<ChatCommandName, 'quit'>, Run>> = {
  to: async (chat, rest) => chat.turnTo(await find(chat, rest)),
  reply,
  react: async (chat, rest) => {
    const { place, rest: emojis } = await messageMeant(chat, rest, () => true);
    await place.chat.react(place.ref, emojis.split(/\s+/).filter(Boolean));
  },
  edit: async (chat, rest) => {
    const { place, rest: text } = await messageMeant(chat, rest, ({ mine }) => mine);
    if (text === '') throw usage('no text given: /edit [#N] TEXT');
    await place.chat.edit(place.ref, text);
  },
  recall: async (chat, rest) => {
    const { place } = await messageMeant(chat, rest, ({ mine }) => mine);
    await place.chat.recall(place.ref);
  },
  save: async (chat, rest) => {
    const hasFile = ({ attachments }: { readonly attachments: readonly unknown[] }): boolean =>
      attachments.length > 0;
    const { place, rest: folder } = await messageMeant(chat, rest, hasFile);
    const { calls, context, options } = chat.parts;
    const into = resolve(folder === '' ? (options.save ?? '.') : folder);
    const message = await place.chat.message(place.ref);
    if (message === undefined) throw usage('the message is not here any more');
    await downloadTo(into, place.chat.id, message, [], calls, context);
  },
  info: async (chat, rest) => {
    const { people } = chat.parts.host;
    const numbered = numberedMessage(chat, rest);
    if (numbered !== undefined) return showMessageInfo(chat, numbered);
    const id = rest === '' ? await personMeant(chat, '/info') : await people.require(rest);
    await showDetails(await people.person(id), people, chat.parts.context.output);
  },
  search: async (chat, rest) => {
    const { client, host, view } = chat.parts;
    if (rest === '') throw usage('no words given: /search WORDS');
    const conversation = chat.conversation?.chat.id;
    const options = { limit: SHOWN, ...(conversation === undefined ? {} : { in: conversation }) };
    let count = 0;
    for await (const hit of client.chats.search(rest, options)) {
      count += 1;
      await view.show('found', hit.message, protocol.parseID(hit.conversation), host.people);
    }
    if (count === 0) chat.parts.context.output.note('nothing was found');
  },
  history: (chat, rest) =>
    chat.showLast(/^\d{1,4}$/.test(rest) ? Math.min(Number(rest), MAX_SHOWN) : SHOWN),
  chats: async ({ parts: { client, host, context } }) =>
    showConversations(client, host.people, context.output),
  add,
  accept: async (chat) => chat.requireConversation().chat.accept(),
  block: (chat, rest) => block(chat, rest, true),
  unblock: (chat, rest) => block(chat, rest, false),
  contacts: async ({ parts: { host, context } }) => {
    const { people } = host;
    for (const each of [...(await people.contacts()), ...(await people.strangers())]) {
      await showPerson(each, people, context.output);
    }
  },
  file: (chat, rest) => sendFile(chat, rest, 'file'),
  image: (chat, rest) => sendFile(chat, rest, 'image'),
  outbox: async ({ parts: { calls, host, context } }) =>
    showOutbox(await calls.outbox(), host.people, context.output),
  waiting: async ({ parts: { calls, host, context } }) =>
    showDeferred(await calls.deferred(), host.people, context.output),
  state: async (chat) => chat.showStates(),
  help: async ({ parts: { context } }) => {
    for (const each of Object.values(CHAT_COMMANDS)) context.output.note(`/${each}`);
  },
};

/** Finds a person by a typed text. Warns if a stranger has the same name. */
async function find({ parts: { host, context } }: Chat, text: string): Promise<ID> {
  const { people } = host;
  const id = await people.require(text);
  const { standing } = await people.person(id);
  if (standing === 'stranger') {
    context.output.note(`${await people.label(id)} is not one of your contacts: ${id.text}`);
  }
  if (standing !== 'contact') return id;
  const others = (await people.strangers()).filter((each) =>
    [each.id.name, each.nickname].some(
      (name) => name !== undefined && comparable(name) === comparable(text),
    ),
  );
  for (const other of others.slice(0, 3)) {
    context.output.note(`a stranger has the same name: ${people.labelOf(other)}`);
  }
  return id;
}

async function reply(chat: Chat, rest: string): Promise<void> {
  const { host, state, context } = chat.parts;
  const numbered = numberedMessage(chat, rest);
  const text = numbered?.rest ?? rest;
  const { last, ref, candidates } = state.answerable;
  const to = numbered?.place.conversation ?? last;
  if (to === undefined) throw usage('no one has written yet');
  // Another person may have written while the answer was typed.
  if (numbered === undefined && text !== '' && candidates.length > 1) {
    throw await ambiguous(chat, '/reply', candidates);
  }
  if (chat.conversation === undefined || !sameEntity(to, chat.conversation.id)) {
    await chat.turnTo(to, 0);
    context.output.note(`you are now writing to ${await host.people.label(to)}`);
  }
  if (text !== '') await chat.sendText(text, numbered?.place.ref ?? ref);
}

async function add(chat: Chat, rest: string): Promise<void> {
  const { host, context, renew } = chat.parts;
  const [, who = '', remark = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  const id = who === '' ? await personMeant(chat, '/add') : await host.people.require(who);
  if (id.isBroadcast) throw usage('a broadcast ID cannot be a contact');
  await addContact(id, remark === '' ? undefined : remark, host.people, context.output);
  await renew();
  chat.prompt();
}

async function block(chat: Chat, who: string, on: boolean): Promise<void> {
  const { host, client, context } = chat.parts;
  const id = who === '' && on ? await personMeant(chat, '/block') : await host.people.require(who);
  await client.contacts.block(id.text, on);
  const facts = { blocked: on, who: await host.people.facts(id) };
  const label = await host.people.label(id);
  context.output.result('blocked', facts, `${label} is ${on ? '' : 'not '}blocked`);
}

async function sendFile(chat: Chat, path: string, kind: 'file' | 'image'): Promise<void> {
  const { calls, host, context, options } = chat.parts;
  if (path === '') throw usage(`no path given: /${kind} PATH`);
  const { id } = chat.requireConversation();
  const token = filesToken(context);
  const { files: server } = options;
  await calls.addFile({
    path: resolve(path),
    kind,
    receiver: id.text,
    ...(server === undefined ? {} : { server }),
    ...(token === undefined ? {} : { token }),
  });
  await host.people.note(id);
}

/** The person that a command without a name refers to: the current peer, else the last sender. */
async function personMeant(chat: Chat, command: string): Promise<ID> {
  if (chat.conversation !== undefined) return chat.conversation.id;
  const { candidates, last } = chat.parts.state.answerable;
  if (candidates.length > 1) throw await ambiguous(chat, command, candidates);
  if (last === undefined) throw usage(`no person given: ${command} WHO`);
  return last;
}

async function ambiguous(
  { parts: { host } }: Chat,
  command: string,
  candidates: readonly ID[],
): Promise<Error> {
  const labels = await Promise.all(candidates.map((each) => host.people.label(each)));
  return usage(
    `several people have written: ${labels.join(', ')}. Repeat ${command} for the last one, or choose with /to`,
    { candidates: candidates.map(({ entity }) => entity) },
  );
}
