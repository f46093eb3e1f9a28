import type { ID } from '@dimp/mkm';
import { sameEntity } from '@dimp/mkm';
import { Conversation } from '../chat/conversation.ts';
import { CHAT_COMMANDS, type ChatCommandName, completions, readChatInput } from '../chat/input.ts';
import { Screen } from '../chat/screen.ts';
import { type Connection, connectionOf } from '../connection.ts';
import type { Context } from '../context.ts';
import { failureOf } from '../failure.ts';
import { History, type HistoryEntry } from '../history.ts';
import { clockText, conversationOf, historyEntry, messageFacts, messageLine } from '../incoming.ts';
import { namesOf } from '../names.ts';
import { openProfile, type Profile, userOf } from '../profile.ts';
import {
  callNameOf,
  displayNameOf,
  type NamedContact,
  namedContacts,
  requireReceiver,
} from '../receiver.ts';
import { oneLine, printable } from '../text.ts';

/** Options of `dim chat`. */
export interface ChatOptions {
  readonly files?: string;
}

/** Messages of earlier that are shown first. */
const SHOWN_FIRST = 20;
/** How long what was typed last may take to be sent, in milliseconds. */
const LAST_SENDING = 10_000;

/** Shows what was said and what comes, and sends what is typed. */
export async function chatCommand(
  to: string | undefined,
  options: ChatOptions,
  context: Context,
): Promise<void> {
  await using profile = await openProfile(context);
  const { id: user } = await userOf(profile);
  const peer = to === undefined ? undefined : await requireReceiver(to, profile.facebook, user);
  const history = new History(profile.store);
  const contacts = await namedContacts(profile.facebook, user);
  const typed = peer === undefined ? [] : await typedBefore(history, peer);
  using screen = new Screen(context, typed, (line) => completions(line, contacts.map(callNameOf)));
  // Everything is printed above the line that is typed, states of the connection as well.
  const shown = { ...context, output: screen.output };
  await using connection = await connectionOf(profile, shown);
  const conversation = new Conversation(connection, history, screen.output, shown, options);
  const chat = new Chat({ profile, connection, conversation, history, contacts, screen }, peer);
  await chat.show(SHOWN_FIRST);
  await connection.session.start();
  const end = new AbortController();
  const reading = chat.read(AbortSignal.any([end.signal, context.signal]));
  try {
    await chat.type();
    await conversation.settle(LAST_SENDING);
  } finally {
    end.abort();
    await reading;
  }
}

/** What the arrow keys bring back. */
async function typedBefore(history: History, peer: ID): Promise<readonly string[]> {
  const entries = await history.last(peer, SHOWN_FIRST * 10);
  return entries
    .filter(({ direction, kind }) => direction === 'out' && kind === 'text')
    .map(({ text }) => text.replaceAll('\n', ' '))
    .reverse();
}

interface ChatParts {
  readonly profile: Profile;
  readonly connection: Connection;
  readonly conversation: Conversation;
  readonly history: History;
  readonly contacts: readonly NamedContact[];
  readonly screen: Screen;
}

/** One chat, from its beginning to its end. */
class Chat {
  readonly #parts: ChatParts;
  #peer: ID | undefined;

  constructor(parts: ChatParts, peer: ID | undefined) {
    this.#parts = parts;
    this.#peer = peer;
  }

  /** Takes in what others write. */
  async read(signal: AbortSignal): Promise<void> {
    const { connection, history, screen } = this.#parts;
    for await (const message of connection.messenger.messages({ signal })) {
      const nameOf = await namesOf(connection, [message]);
      screen.output.result('message', messageFacts(message), messageLine(message, nameOf));
      await history.add(conversationOf(message), historyEntry(message));
    }
  }

  /** Does what is typed, until the input ends. */
  async type(): Promise<void> {
    const { screen } = this.#parts;
    await this.#prompt();
    for await (const line of screen.lines()) {
      if (line.trim() === '') continue;
      try {
        if (await this.#take(line)) return;
      } catch (error) {
        // A wrong name or a file that is not there ends no chat.
        const { code } = failureOf(error);
        if (code === 'internal' || code === 'interrupted') throw error;
        screen.output.failure(error);
      }
    }
  }

  /** Shows the last messages. */
  async show(count: number): Promise<void> {
    const { history, screen } = this.#parts;
    if (this.#peer === undefined) return;
    for (const entry of await history.last(this.#peer, count)) {
      const { id, direction, sender, kind, text, time } = entry;
      screen.output.result(
        'history',
        { id, direction, sender, kind, text, time },
        await this.#entryLine(entry),
      );
    }
  }

  /** @returns whether it was the end */
  async #take(line: string): Promise<boolean> {
    const { conversation, screen } = this.#parts;
    const input = readChatInput(line);
    if (input.kind === 'wrong') screen.output.note(input.message);
    if (input.kind === 'text') {
      const peer = this.#somebody();
      if (peer !== undefined) await conversation.say(input.text, peer);
    }
    return input.kind === 'command' && (await this.#do(input.name, input.rest));
  }

  async #do(name: ChatCommandName, rest: string): Promise<boolean> {
    const { profile, connection, conversation, screen } = this.#parts;
    switch (name) {
      case 'to':
        this.#peer = await requireReceiver(rest, profile.facebook, connection.user.id);
        await this.#prompt();
        await this.show(SHOWN_FIRST);
        break;
      case 'contacts':
        for (const contact of await namedContacts(profile.facebook, connection.user.id)) {
          const facts = { id: contact.id.text, name: contact.name, remark: contact.remark };
          screen.output.result(
            'contact',
            facts,
            `${oneLine(callNameOf(contact))}  ${contact.id.text}`,
          );
        }
        break;
      case 'history':
        await this.show(/^\d{1,4}$/.test(rest) ? Number(rest) : SHOWN_FIRST);
        break;
      case 'file':
      case 'image': {
        const peer = this.#somebody();
        if (peer !== undefined) await conversation.hand(rest, name, peer);
        break;
      }
      case 'state':
        conversation.showStates();
        break;
      case 'help':
        for (const each of Object.values(CHAT_COMMANDS)) screen.output.note(`/${each}`);
        break;
      case 'quit':
        return true;
    }
    return false;
  }

  #somebody(): ID | undefined {
    if (this.#peer === undefined) this.#parts.screen.output.note('to whom? /to NAME');
    return this.#peer;
  }

  async #prompt(): Promise<void> {
    const { screen, profile, contacts } = this.#parts;
    const peer = this.#peer;
    if (peer === undefined) {
      screen.prompt('dim');
      return;
    }
    const contact = contacts.find(({ id }) => sameEntity(id, peer));
    screen.prompt(contact?.remark ?? peer.name ?? (await displayNameOf(peer, profile.facebook)));
  }

  async #entryLine({ direction, sender, text, time }: HistoryEntry): Promise<string> {
    const { profile } = this.#parts;
    const who =
      direction === 'out'
        ? 'you'
        : await displayNameOf(profile.facebook.protocol.parseID(sender), profile.facebook);
    return `${clockText(time)} ${printable(who)}: ${printable(text).replaceAll('\n', '\n      ')}`;
  }
}
