import { openHost } from '../host/open-host.ts';
import { showPerson } from '../people/show.ts';
import { type CommandDefinition, option } from './command.ts';

/** Options of `dim contacts list`. */
interface ListContactsOptions {
  readonly all?: boolean;
}

/** Lists the contacts. */
export const listContactsCommand: CommandDefinition<ListContactsOptions> = {
  usage: 'list',
  description: 'Lists contacts.',
  options: [option('--all', 'also list strangers: people you have exchanged messages with')],
  examples: ['dim contacts list --json', 'dim contacts list --all'],

  async run(context, { all }) {
    await using host = await openHost(context, 'read');
    const { people } = host;
    const contacts = await people.contacts();
    const strangers = all === true ? await people.strangers() : [];
    for (const each of [...contacts, ...strangers]) {
      await showPerson(each, people, context.output);
    }
    if (contacts.length === 0) context.output.note('no contacts yet: dim contacts add ID');
  },
};
