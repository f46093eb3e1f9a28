import { openProfile, userOf } from '../account/profile.ts';
import { People, personNotFound } from '../people/people.ts';
import { showPerson } from '../people/show.ts';
import type { CommandDefinition } from './command.ts';

/** Removes a contact. */
export const removeContactCommand: CommandDefinition<object, [contact: string]> = {
  usage: 'remove <contact>',
  description: 'Removes a contact, named by ID, remark or name.',
  examples: ['dim contacts remove hulk'],

  async run(context, _options, contact) {
    await using profile = await openProfile(context);
    const { facebook } = profile;
    const { id: user } = await userOf(profile);
    const people = new People(profile, user);
    const person = await people.person(await people.require(contact));
    if (person.standing !== 'contact') throw personNotFound();
    await facebook.removeContact(user, person.id);
    const shown = { type: 'contact-removed', suffix: ' removed' };
    await showPerson(person, people, profile, context.output, shown);
  },
};
