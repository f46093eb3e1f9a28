import { sameEntity } from '@dimp/mkm';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { addContact } from '../people/add.ts';
import { nobody, People } from '../people/people.ts';
import { showPerson } from '../people/show.ts';
import { openProfile, userOf } from '../profile.ts';
import { readCard } from './card.ts';

/** Options of `dim contacts list`. */
export interface ListContactsOptions {
  /** Lists those as well who wrote and are no contacts. */
  readonly all?: boolean;
}

/** Options of `dim contacts add`. */
export interface AddContactOptions {
  readonly remark?: string;
  /** File with the card of the contact, as `dim whoami --card` writes it. */
  readonly card?: string;
}

/** Lists the contacts. */
export async function listContactsCommand(
  { all }: ListContactsOptions,
  context: Context,
): Promise<void> {
  await using profile = await openProfile(context, 'read');
  const { id: user } = await userOf(profile);
  const people = new People(profile, user);
  const contacts = await people.contacts();
  const strangers = all === true ? await people.strangers() : [];
  for (const each of [...contacts, ...strangers]) {
    await showPerson(each, people, profile, context.output);
  }
  if (contacts.length === 0) context.output.note('no contacts yet: dim contacts add ID');
}

/** Adds a contact, or gives one another remark. */
export async function addContactCommand(
  text: string | undefined,
  { remark, card: path }: AddContactOptions,
  context: Context,
): Promise<void> {
  const card = path === undefined ? undefined : await readCard(path, context);
  await using profile = await openProfile(context);
  const { facebook } = profile;
  const { id: user } = await userOf(profile);
  const people = new People(profile, user);
  const named = text === undefined ? undefined : await people.require(text);
  if (card !== undefined && named !== undefined && !sameEntity(card.id, named)) {
    throw usage('the card is that of somebody else');
  }
  const id = named ?? card?.id;
  if (id === undefined) throw usage('whom to add: an ID, somebody who wrote, or --card FILE');
  if (id.isBroadcast) throw usage('everybody is no contact');
  if (card !== undefined) {
    await facebook.saveMeta(card.meta, id);
    if (card.visa !== undefined) await facebook.saveDocument(card.visa, id);
  }
  await addContact({ facebook, user, people, output: context.output }, id, remark);
}

/** Removes a contact. */
export async function removeContactCommand(text: string, context: Context): Promise<void> {
  await using profile = await openProfile(context);
  const { facebook } = profile;
  const { id: user } = await userOf(profile);
  const people = new People(profile, user);
  const person = await people.person(await people.require(text));
  if (person.standing !== 'contact') throw nobody();
  await facebook.removeContact(user, person.id);
  const shown = { type: 'contact-removed', suffix: ' removed' };
  await showPerson(person, people, profile, context.output, shown);
}
