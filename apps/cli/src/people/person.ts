import type { JsonObject } from '@dimp/foundation';
import { displayNumber, type ID } from '@dimp/mkm';
import { oneLine, shortened } from '../terminal/text.ts';

/** Relation of a person to the user of the profile. */
export type Standing = 'self' | 'contact' | 'stranger';

/** A person as the user knows them. Only ID and standing are reliable: people choose their names themselves. */
export interface Person {
  readonly id: ID;
  readonly standing: Standing;
  /** The name that the user has given to this contact. */
  readonly remark?: string;
  /** The name in the visa or bulletin. Its owner can change it at any time. */
  readonly nickname?: string;
}

/** Longest name that is shown, in characters. A longer one could fill a terminal line and look like the next line. */
const MAX_NAME = 40;

/** Search number, `ddd-ddd-dddd` (spec §4.6). Distinguishes people with the same name, but proves nothing. */
export function numberOf({ id }: Pick<Person, 'id'>): string {
  return displayNumber(id);
}

/** The name of a contact: the remark, else the name in the ID, which cannot change. */
export function callNameOf({ id, remark }: Pick<Person, 'id' | 'remark'>): string | undefined {
  return remark ?? id.name;
}

/** The name that a person has chosen: that in the visa, else that in the ID. */
export function ownNameOf({ id, nickname }: Pick<Person, 'id' | 'nickname'>): string | undefined {
  return nickname ?? id.name;
}

/** Normalizes a name for comparison: ignores case, width and composition of characters. */
export function comparable(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** Makes a name safe to show: one line, limited length, single spaces. */
export function shownName(name: string): string {
  return shortened(oneLine(name).replaceAll(/\s+/gu, ' ').trim(), MAX_NAME);
}

/**
 * Label of a person, on one line. A contact is shown by the name that the user knows. A stranger gets a mark in front of
 * the name, where no name can imitate or displace it.
 *
 * @param isShared - whether another contact has the same name
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

/** JSON facts of a person. */
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
