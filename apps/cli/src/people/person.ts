import type { JsonObject } from '@dimp/foundation';
import { displayNumber, type ID } from '@dimp/mkm';
import { oneLine, shortened } from '../terminal/text.ts';

/** How somebody stands to the user of the profile. */
export type Standing = 'self' | 'contact' | 'stranger';

/** Somebody as the user knows them. Only ID and standing prove anything: names were chosen by whoever has them. */
export interface Person {
  readonly id: ID;
  readonly standing: Standing;
  /** What the user calls this contact. */
  readonly remark?: string;
  /** What the visa or the bulletin says. Its owner may change it at any time. */
  readonly nickname?: string;
}

/** Characters of a name that are shown: a longer one could fill a line of a terminal and look like the next line. */
const MAX_NAME = 40;

/** Search number, `ddd-ddd-dddd` (spec §4.6): tells apart people of one name, and proves nothing. */
export function numberOf({ id }: Pick<Person, 'id'>): string {
  return displayNumber(id);
}

/** What the user calls a contact: the remark, else the name in the ID, which nobody can change. */
export function callNameOf({ id, remark }: Pick<Person, 'id' | 'remark'>): string | undefined {
  return remark ?? id.name;
}

/** The name that somebody gives themselves: that of the visa, else that of the ID. */
export function ownNameOf({ id, nickname }: Pick<Person, 'id' | 'nickname'>): string | undefined {
  return nickname ?? id.name;
}

/** The form in which names are compared: case, width and composition of characters do not count. */
export function comparable(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** A name on one line, without room for anything that looks like more than a name. */
export function shownName(name: string): string {
  return shortened(oneLine(name).replaceAll(/\s+/gu, ' ').trim(), MAX_NAME);
}

/**
 * Somebody on one line. A contact is shown by the name that the user knows; anybody else has a mark, which stands first
 * so that no name can imitate it or push it away.
 *
 * @param isShared - whether another contact is called the same
 */
export function labelOf(person: Person, isShared: boolean): string {
  if (person.standing === 'self') return 'you';
  const number = numberOf(person);
  if (person.standing === 'contact') {
    const name = callNameOf(person);
    if (name !== undefined) return isShared ? `${shownName(name)} ${number}` : shownName(name);
    return `${shownName(person.nickname ?? person.id.text)} ${number}`;
  }
  const kind = person.id.isGroup ? 'group' : 'stranger';
  return `[${kind} ${number}] ${shownName(ownNameOf(person) ?? person.id.text)}`;
}

/** The same for programs. */
export function personFacts(person: Person, label: string): JsonObject {
  const { id, standing, remark } = person;
  return {
    id: id.text,
    label,
    standing,
    number: numberOf(person),
    name: ownNameOf(person),
    remark,
  };
}
