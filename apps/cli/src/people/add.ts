import type { Facebook } from '@dimp/client';
import type { ID } from '@dimp/mkm';
import type { Output } from '../terminal/output.ts';
import type { People } from './people.ts';
import { showPerson } from './show.ts';

/** Parts that {@link addContact} uses. */
export interface Adding {
  readonly facebook: Facebook;
  readonly user: ID;
  readonly people: People;
  readonly output: Output;
}

/** Adds a contact or changes its remark, and shows it. Warns if another contact has the same name. */
export async function addContact(
  { facebook, user, people, output }: Adding,
  id: ID,
  remark: string | undefined,
): Promise<void> {
  await facebook.addContact(user, id, remark === undefined ? {} : { remark });
  const person = await people.person(id);
  await showPerson(person, people, { facebook }, output);
  const [namesake] = await people.namesakes(person);
  if (namesake === undefined) return;
  output.note(`${people.labelOf(namesake)} has the same name: a remark would tell them apart`);
}
