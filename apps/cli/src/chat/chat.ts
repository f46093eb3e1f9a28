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

/** What a {@link Chat} works with. */
export interface ChatParts {
  readonly profile: Profile;
  readonly connection: Connection;
  readonly conversation: Conversation;
  readonly history: History;
  readonly people: People;
  readonly deferred: DeferredMessages;
  readonly screen: Screen;
  /** Looks again at what the tab key offers. */
  readonly renew: () => Promise<void>;
}

/** One chat, from its beginning to its end. */
export class Chat {
  readonly #parts: ChatParts;
  /** Messages of earlier that are shown when a conversation begins. */
  readonly #shownFirst: number;
  readonly #answerable = new Answerable();
  readonly #strangers = new Set<string>();
  #peer: ID | undefined;

  constructor(parts: ChatParts, peer: ID | undefined, shownFirst: number) {
    this.#parts = parts;
    this.#peer = peer;
    this.#shownFirst = shownFirst;
  }

  /** Takes in what others write. */
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
        screen.output.note('no contact of yours: /reply answers, /info tells more, /add adds them');
        await renew();
      }
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

  /** @returns whether it was the end */
  async #take(line: string): Promise<boolean> {
    const { conversation } = this.#parts;
    const input = readChatInput(line);
    if (input.kind === 'wrong') throw usage(input.message);
    if (input.kind === 'text') await conversation.say(input.text, this.#somebody());
    return input.kind === 'command' && (await this.#do(input.name, input.rest));
  }

  async #do(name: ChatCommandName, rest: string): Promise<boolean> {
    const { conversation, screen } = this.#parts;
    switch (name) {
      case 'to':
        await this.#turnTo(await this.#named(rest));
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
        await conversation.hand(rest, name, this.#somebody());
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

  /** Whom a text means; says so if somebody else is called the same. */
  async #named(text: string): Promise<ID> {
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
      screen.output.note(`a stranger is called so as well: ${people.labelOf(other)}`);
    }
    return id;
  }

  async #turnTo(peer: ID): Promise<void> {
    const { people, screen } = this.#parts;
    this.#peer = peer;
    const person = await people.person(peer);
    if (person.standing === 'stranger') {
      screen.output.note(`${people.labelOf(person)} is no contact of yours: ${peer.text}`);
    }
    await this.#prompt();
    await this.show(this.#shownFirst);
  }

  async #reply(text: string): Promise<void> {
    const { people, screen, conversation } = this.#parts;
    const { last, candidates } = this.#answerable;
    if (last === undefined) throw usage('nobody has written yet');
    if (text !== '' && candidates.length > 1) throw await this.#several('/reply', candidates);
    if (this.#peer === undefined || !sameEntity(last, this.#peer)) {
      this.#peer = last;
      screen.output.note(`you write to ${await people.label(last)} now`);
      await this.#prompt();
    }
    if (text !== '') await conversation.say(text, last);
  }

  async #add(rest: string): Promise<void> {
    const { profile, connection, people, screen, renew } = this.#parts;
    const [, who = '', remark = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
    const id = who === '' ? await this.#meant('/add') : await people.require(who);
    if (id.isBroadcast) throw usage('everybody is no contact');
    const { facebook } = profile;
    const { output } = screen;
    const adding = { facebook, user: connection.user.id, people, output };
    await addContact(adding, id, remark === '' ? undefined : remark);
    await renew();
    await this.#prompt();
  }

  async #info(who: string): Promise<void> {
    const { profile, people, screen } = this.#parts;
    const id = who === '' ? await this.#meant('/info') : await people.require(who);
    await showDetails(await people.person(id), people, profile, screen.output);
  }

  /** Whom a command without a name means: whom one writes to, else whoever wrote. */
  async #meant(command: string): Promise<ID> {
    if (this.#peer !== undefined) return this.#peer;
    const { candidates, last } = this.#answerable;
    if (candidates.length > 1) throw await this.#several(command, candidates);
    if (last === undefined) throw usage(`whom? ${command} WHO`);
    return last;
  }

  async #several(command: string, candidates: readonly ID[]): Promise<Error> {
    const { people } = this.#parts;
    const labels = await Promise.all(candidates.map((each) => people.label(each)));
    return usage(
      `several have written: ${labels.join(', ')}. ${command} once more means the last one, /to chooses`,
      { candidates: candidates.map(({ entity }) => entity) },
    );
  }

  async #showPeople(): Promise<void> {
    const { profile, people, screen } = this.#parts;
    for (const each of [...(await people.contacts()), ...(await people.strangers())]) {
      await showPerson(each, people, profile, screen.output);
    }
  }

  #somebody(): ID {
    if (this.#peer === undefined) throw usage('to whom? /to NAME, or /reply');
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
