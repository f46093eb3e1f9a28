import { isProtocolError, type JsonObject, ProtocolError } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { usage } from '../terminal/failure.ts';
import type { PeopleSource } from './people-source.ts';
import {
  callNameOf,
  comparable,
  labelOf,
  numberOf,
  ownNameOf,
  type Person,
  personFacts,
} from './person.ts';

/** The ID that a text refers to, and how it was found. */
export interface Found {
  readonly id: ID;
  /** `name` is a name that a stranger has chosen. */
  readonly by: 'id' | 'number' | 'contact' | 'name';
}

/** Limit for the candidates in an error message. */
const MAX_CANDIDATES = 8;
/** Limit for the strangers that the tab key offers. */
const MAX_REFERENCES = 50;

/** Contacts and strangers of a user: finds them by name, and gives them labels. */
export class People {
  readonly source: PeopleSource;
  readonly #user: ID;
  /** Cache of the contacts without their nicknames. */
  #contacts: Promise<ReadonlyMap<EntityKey, Person>> | undefined;
  #shared: ReadonlySet<string> = new Set();

  constructor(source: PeopleSource, user: ID) {
    this.source = source;
    this.#user = user;
    source.onContacts(() => {
      this.#contacts = undefined;
    });
  }

  /** Records a message from or to a person, who can be found by name from then on. */
  note(id: ID): Promise<void> {
    return this.source.note(id.text);
  }

  /** A person as the user knows them. */
  async person(id: ID): Promise<Person> {
    const nickname = await this.source.nickname(id.text);
    const named = nickname === undefined ? {} : { nickname };
    if (sameEntity(id, this.#user)) return { id, standing: 'self', ...named };
    const contact = (await this.#contactsByKey()).get(id.entity);
    return contact === undefined
      ? { id, standing: 'stranger', ...named }
      : { ...contact, ...named };
  }

  /** The label that a person is shown with. */
  async label(id: ID): Promise<string> {
    return this.labelOf(await this.person(id));
  }

  /** The label of a person that {@link People.person} has returned. */
  labelOf(person: Person): string {
    const name = callNameOf(person);
    return labelOf(person, name !== undefined && this.#shared.has(comparable(name)));
  }

  /** The JSON facts of a person. */
  async facts(id: ID): Promise<JsonObject> {
    const person = await this.person(id);
    return personFacts(person, this.labelOf(person));
  }

  /** The contacts, sorted by label. */
  async contacts(): Promise<readonly Person[]> {
    const people: Person[] = [];
    for (const { id } of (await this.#contactsByKey()).values()) people.push(await this.person(id));
    return people.sort((a, b) => this.labelOf(a).localeCompare(this.labelOf(b)));
  }

  /** People the user has exchanged messages with who are not contacts, the most recent first. */
  async strangers(): Promise<readonly Person[]> {
    const people: Person[] = [];
    for (const id of await this.source.correspondents()) {
      const person = await this.person(protocol.parseID(id));
      if (person.standing === 'stranger') people.push(person);
    }
    return people;
  }

  /** Other contacts with the name that a person has or would have as a contact. */
  async namesakes({ id, remark }: Pick<Person, 'id' | 'remark'>): Promise<readonly Person[]> {
    const name = callNameOf({ id, ...(remark === undefined ? {} : { remark }) });
    if (name === undefined) return [];
    return (await this.contacts()).filter(
      (each) => !sameEntity(each.id, id) && isCalled(callNameOf(each), name),
    );
  }

  /** Words that identify each contact and recent stranger: a unique name, else the number, else the ID. */
  async references(): Promise<readonly string[]> {
    const contacts = await this.contacts();
    const strangers = (await this.strangers()).slice(0, MAX_REFERENCES);
    const among = (people: readonly Person[]) => {
      const names = new Names(people);
      return (person: Person): string =>
        [callNameOf(person), ownNameOf(person), numberOf(person)].find(
          (name) => name !== undefined && names.mean(name, person),
        ) ?? person.id.text;
    };
    // The name of a contact always refers to the contact, even if strangers have chosen it, too.
    return [...contacts.map(among(contacts)), ...strangers.map(among([...contacts, ...strangers]))];
  }

  /**
   * Finds the person that a text refers to: an ID; else the contact with this remark, this name in the ID, this search
   * number or this name in the visa; else the stranger with this number or name. Contacts take precedence, so that a
   * stranger cannot receive messages for a contact by choosing the same name.
   *
   * @returns undefined if no known person matches
   * @throws `usage` with the candidates if several match; `format/field` for a damaged ID
   */
  async find(text: string): Promise<Found | undefined> {
    const id = readID(text);
    if (id !== undefined) return { id, by: 'id' };
    const contacts = await this.contacts();
    const contact =
      this.#only(text, contacts, ({ remark }) => isCalled(remark, text)) ??
      this.#only(text, contacts, ({ id: { name } }) => isCalled(name, text));
    if (contact !== undefined) return { id: contact.id, by: 'contact' };
    const strangers = await this.strangers();
    const numbered = this.#only(text, [...contacts, ...strangers], (each) =>
      isNumber(numberOf(each), text),
    );
    if (numbered !== undefined) return { id: numbered.id, by: 'number' };
    const nicknamed = this.#only(text, contacts, ({ nickname }) => isCalled(nickname, text));
    if (nicknamed !== undefined) return { id: nicknamed.id, by: 'contact' };
    const stranger = this.#only(
      text,
      strangers,
      ({ id: { name }, nickname }) => isCalled(name, text) || isCalled(nickname, text),
    );
    return stranger === undefined ? undefined : { id: stranger.id, by: 'name' };
  }

  /** Finds a person as {@link People.find} does. @throws `identity/not-found` if no known person matches */
  async require(text: string): Promise<ID> {
    const found = await this.find(text);
    if (found === undefined) throw personNotFound();
    return found.id;
  }

  /** The failure of a text that several people match. */
  ambiguous(text: string, people: readonly Person[]): Error {
    const named = people
      .slice(0, MAX_CANDIDATES)
      .map((each) => `${this.labelOf(each)} (${each.id.entity})`);
    const more = people.length > named.length ? ` and ${people.length - named.length} more` : '';
    return usage(
      `"${text}" matches several people: ${named.join(', ')}${more}. Use the number or the ID`,
      {
        candidates: people.map(({ id }) => id.text),
      },
    );
  }

  #only(
    text: string,
    people: readonly Person[],
    fits: (person: Person) => boolean,
  ): Person | undefined {
    const found = people.filter(fits);
    if (found.length > 1) throw this.ambiguous(text, found);
    return found[0];
  }

  #contactsByKey(): Promise<ReadonlyMap<EntityKey, Person>> {
    this.#contacts ??= this.#loadContacts();
    return this.#contacts;
  }

  async #loadContacts(): Promise<ReadonlyMap<EntityKey, Person>> {
    const contacts = new Map<EntityKey, Person>();
    const counts = new Map<string, number>();
    for (const { id: text, remark } of await this.source.contacts()) {
      const id = protocol.parseID(text);
      const person: Person = {
        id,
        standing: 'contact',
        ...(remark === undefined ? {} : { remark }),
      };
      contacts.set(id.entity, person);
      const name = callNameOf(person);
      if (name === undefined) continue;
      counts.set(comparable(name), (counts.get(comparable(name)) ?? 0) + 1);
    }
    this.#shared = new Set([...counts].filter(([, count]) => count > 1).map(([name]) => name));
    return contacts;
  }
}

/** An index of names, to find those that only one person has. */
class Names {
  readonly #owners = new Map<string, Set<EntityKey>>();

  constructor(people: readonly Person[]) {
    for (const person of people) {
      const { id, remark, nickname } = person;
      for (const name of [remark, id.name, nickname, numberOf(person)]) {
        if (name === undefined) continue;
        const owners = this.#owners.get(comparable(name)) ?? new Set();
        this.#owners.set(comparable(name), owners.add(id.entity));
      }
    }
  }

  /** Whether a name refers to this person only. */
  mean(name: string, { id }: Person): boolean {
    const owners = this.#owners.get(comparable(name));
    return owners?.size === 1 && owners.has(id.entity) && !mayBeID(name);
  }
}

/** The failure of a name that neither a contact nor a stranger has. */
export function personNotFound(): ProtocolError<'identity/not-found'> {
  return new ProtocolError(
    'identity/not-found',
    'not an ID, and not the name of a contact or of a person you have exchanged messages with',
  );
}

function isCalled(name: string | undefined, text: string): boolean {
  return name !== undefined && comparable(name) === comparable(text);
}

/** Compares search numbers; the dashes may be left out. */
function isNumber(number: string, text: string): boolean {
  return /^\d[\d-]{6,}$/.test(text) && text.replaceAll('-', '') === number.replaceAll('-', '');
}

function mayBeID(text: string): boolean {
  return text.includes('@') || readID(text) !== undefined;
}

/** Parses an ID. Text without an @ may be a name; text with an @ must be an ID. */
function readID(text: string): ID | undefined {
  try {
    return protocol.parseID(text);
  } catch (error) {
    if (!isProtocolError(error) || text.includes('@')) throw error;
    return undefined;
  }
}
