import { openHost } from '../host/open-host.ts';
import { personNotFound } from '../people/people.ts';
import { showPerson } from '../people/show.ts';
import type { CommandDefinition } from './command.ts';

/** Removes a contact. */
export const removeContactCommand: CommandDefinition<object, [contact: string]> = {
  usage: 'remove <contact>',
  description: 'Removes a contact, named by ID, remark or name.',
  examples: ['dim contacts remove hulk'],

  async run(context, _options, contact) {
    await using host = await openHost(context);
    const { people } = host;
    const person = await people.person(await people.require(contact));
    if (person.standing !== 'contact') throw personNotFound();
    await people.source.removeContact(person.id.text);
    const shown = { type: 'contact-removed', suffix: ' removed' };
    await showPerson(person, people, context.output, shown);
  },
};
