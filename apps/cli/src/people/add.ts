import type { ID } from '@dimp/mkm';
import type { Output } from '../terminal/output.ts';
import type { People } from './people.ts';
import { showPerson } from './show.ts';

/** Adds a contact or changes its remark, and shows it. Warns if another contact has the same name. */
export async function addContact(
  id: ID,
  remark: string | undefined,
  people: People,
  output: Output,
): Promise<void> {
  await people.source.addContact(id.text, remark);
  const person = await people.person(id);
  await showPerson(person, people, output);
  const [namesake] = await people.namesakes(person);
  if (namesake === undefined) return;
  output.note(`${people.labelOf(namesake)} has the same name: a remark would tell them apart`);
}
