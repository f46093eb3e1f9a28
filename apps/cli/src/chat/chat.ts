import { type ID, sameEntity } from '@dimp/mkm';
import type { Profile } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import type { Connection } from '../messages/connection.ts';
import type { DeferredMessages } from '../messages/deferred.ts';
import type { History, HistoryEntry } from '../messages/history.ts';
import { conversationOf, historyEntry, saidLine, shownMessage } from '../messages/incoming.ts';
import { addContact } from '../people/add.ts';
import type { People } from '../people/people.ts';
import { comparable } from '../people/person.ts';
import { showDetails, showPerson } from '../people/show.ts';
import { failureOf, usage } from '../terminal/failure.ts';
import { Answerable } from './answerable.ts';
import type { Conversation } from './conversation.ts';
import { CHAT_COMMANDS, type ChatCommandName, readChatInput } from './input.ts';
import type { Screen } from './screen.ts';

/** Parts that a {@link Chat} uses. */
export interface ChatParts {
  readonly profile: Profile;
  readonly connection: Connection;
  readonly conversation: Conversation;
  readonly history: History;
  readonly people: People;
  readonly deferred: DeferredMessages;
  readonly screen: Screen;
  /** Updates the names that the tab key offers. */
  readonly renew: () => Promise<void>;
}

/** A running chat: shows messages and executes typed lines. */
export class Chat {
  readonly #parts: ChatParts;
  /** Number of earlier messages shown at the start of a conversation. */
  readonly #shownFirst: number;
  readonly #answerable = new Answerable();
  readonly #strangers = new Set<string>();
  #peer: ID | undefined;

  constructor(parts: ChatParts, peer: ID | undefined, shownFirst: number) {
    this.#parts = parts;
    this.#peer = peer;
    this.#shownFirst = shownFirst;
  }

  /** Shows incoming messages until the signal is aborted. */
  async read(signal: AbortSignal): Promise<void> {
    const { connection, history, people, screen, renew } = this.#parts;
    for await (const message of connection.messenger.messages({ signal })) {
      const { facts, line } = await shownMessage(message, people);
      screen.output.result('message', facts, line);
      const { sender } = message.envelope;
      const { standing } = await people.person(sender);
      if (standing !== 'self') this.#answerable.heard(conversationOf(message));
      await people.note(sender);
      if (standing === 'stranger' && !this.#strangers.has(sender.entity)) {
        this.#strangers.add(sender.entity);
        screen.output.note(
          'not one of your contacts: /reply answers, /info shows details, /add adds them',
        );
        await renew();
      }
      await history.add(conversationOf(message), historyEntry(message));
    }
  }

  /** Executes typed lines until the input ends. */
  async type(): Promise<void> {
    const { screen } = this.#parts;
    await this.#prompt();
    for await (const line of screen.lines()) {
      if (line.trim() === '') continue;
      try {
        if (await this.#execute(line)) return;
      } catch (error) {
        // A wrong name or a missing file does not end the chat.
        const { code } = failureOf(error);
        if (code === 'internal' || code === 'interrupted') throw error;
        screen.output.failure(error);
      }
      this.#answerable.typed();
    }
  }

  /** Shows the last messages. */
  async show(count: number): Promise<void> {
    const { history, people, screen } = this.#parts;
    if (this.#peer === undefined) return;
    for (const entry of await history.last(this.#peer, count)) {
      const { id, direction, sender, kind, text, time } = entry;
      const from = await people.facts(protocol.parseID(sender));
      screen.output.result(
        'history',
        { id, direction, sender, from, kind, text, time },
        await this.#entryLine(entry),
      );
    }
  }

  /** Executes a line. @returns whether the chat ends */
  async #execute(line: string): Promise<boolean> {
    const { conversation } = this.#parts;
    const input = readChatInput(line);
    if (input.kind === 'wrong') throw usage(input.message);
    if (input.kind === 'text') await conversation.sendText(input.text, this.#currentPeer());
    return input.kind === 'command' && (await this.#runCommand(input.name, input.rest));
  }

  async #runCommand(name: ChatCommandName, rest: string): Promise<boolean> {
    const { conversation, screen } = this.#parts;
    switch (name) {
      case 'to':
        await this.#turnTo(await this.#find(rest));
        break;
      case 'reply':
        await this.#reply(rest);
        break;
      case 'add':
        await this.#add(rest);
        break;
      case 'info':
        await this.#info(rest);
        break;
      case 'contacts':
        await this.#showPeople();
        break;
      case 'history':
        await this.show(/^\d{1,4}$/.test(rest) ? Number(rest) : this.#shownFirst);
        break;
      case 'file':
      case 'image':
        await conversation.sendFile(rest, name, this.#currentPeer());
        break;
      case 'state':
        conversation.showStates();
        break;
      case 'waiting':
        await this.#parts.deferred.show();
        break;
      case 'help':
        for (const each of Object.values(CHAT_COMMANDS)) screen.output.note(`/${each}`);
        break;
      case 'quit':
        return true;
    }
    return false;
  }

  /** Finds a person by a typed text. Warns if a stranger has the same name. */
  async #find(text: string): Promise<ID> {
    const { people, screen } = this.#parts;
    const id = await people.require(text);
    const { standing } = await people.person(id);
    if (standing !== 'contact') return id;
    const others = (await people.strangers()).filter((each) =>
      [each.id.name, each.nickname].some(
        (name) => name !== undefined && comparable(name) === comparable(text),
      ),
    );
    for (const other of others.slice(0, 3)) {
      screen.output.note(`a stranger has the same name: ${people.labelOf(other)}`);
    }
    return id;
  }

  async #turnTo(peer: ID): Promise<void> {
    const { people, screen } = this.#parts;
    this.#peer = peer;
    const person = await people.person(peer);
    if (person.standing === 'stranger') {
      screen.output.note(`${people.labelOf(person)} is not one of your contacts: ${peer.text}`);
    }
    await this.#prompt();
    await this.show(this.#shownFirst);
  }

  async #reply(text: string): Promise<void> {
    const { people, screen, conversation } = this.#parts;
    const { last, candidates } = this.#answerable;
    if (last === undefined) throw usage('no one has written yet');
    if (text !== '' && candidates.length > 1) throw await this.#ambiguous('/reply', candidates);
    if (this.#peer === undefined || !sameEntity(last, this.#peer)) {
      this.#peer = last;
      screen.output.note(`you are now writing to ${await people.label(last)}`);
      await this.#prompt();
    }
    if (text !== '') await conversation.sendText(text, last);
  }

  async #add(rest: string): Promise<void> {
    const { profile, connection, people, screen, renew } = this.#parts;
    const [, who = '', remark = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
    const id = who === '' ? await this.#personMeant('/add') : await people.require(who);
    if (id.isBroadcast) throw usage('a broadcast ID cannot be a contact');
    const { facebook } = profile;
    const { output } = screen;
    const adding = { facebook, user: connection.user.id, people, output };
    await addContact(adding, id, remark === '' ? undefined : remark);
    await renew();
    await this.#prompt();
  }

  async #info(who: string): Promise<void> {
    const { profile, people, screen } = this.#parts;
    const id = who === '' ? await this.#personMeant('/info') : await people.require(who);
    await showDetails(await people.person(id), people, profile, screen.output);
  }

  /** The person that a command without a name refers to: the current peer, else the last sender. */
  async #personMeant(command: string): Promise<ID> {
    if (this.#peer !== undefined) return this.#peer;
    const { candidates, last } = this.#answerable;
    if (candidates.length > 1) throw await this.#ambiguous(command, candidates);
    if (last === undefined) throw usage(`no person given: ${command} WHO`);
    return last;
  }

  async #ambiguous(command: string, candidates: readonly ID[]): Promise<Error> {
    const { people } = this.#parts;
    const labels = await Promise.all(candidates.map((each) => people.label(each)));
    return usage(
      `several people have written: ${labels.join(', ')}. Repeat ${command} for the last one, or choose with /to`,
      { candidates: candidates.map(({ entity }) => entity) },
    );
  }

  async #showPeople(): Promise<void> {
    const { profile, people, screen } = this.#parts;
    for (const each of [...(await people.contacts()), ...(await people.strangers())]) {
      await showPerson(each, people, profile, screen.output);
    }
  }

  #currentPeer(): ID {
    if (this.#peer === undefined) throw usage('no receiver: choose one with /to NAME or /reply');
    return this.#peer;
  }

  async #prompt(): Promise<void> {
    const { screen, people } = this.#parts;
    screen.prompt(this.#peer === undefined ? 'dim' : await people.label(this.#peer));
  }

  async #entryLine({ direction, sender, text, time }: HistoryEntry): Promise<string> {
    const { people } = this.#parts;
    const who = direction === 'out' ? 'you' : await people.label(protocol.parseID(sender));
    return saidLine(time, who, text);
  }
}
