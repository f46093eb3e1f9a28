import type { Command } from 'commander';
import {
  type AddContactOptions,
  addContactCommand,
  type ListContactsOptions,
  listContactsCommand,
  removeContactCommand,
} from '../commands/contacts.ts';
import { examples } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim contacts`. */
export function addContactCommands(program: Command, runner: Runner): void {
  const contacts = program
    .command('contacts')
    .summary('list, add, remove contacts')
    .description('The contacts of your identity; without a command they are listed.')
    .addHelpText(
      'after',
      examples(
        'dim contacts',
        'dim contacts add hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj --remark "the green one"',
        'dim contacts remove "the green one"',
      ),
    );
  contacts
    .command('list', { isDefault: true })
    .description('Lists contacts.')
    .option('--all', 'and those who wrote, or were written to, and are no contacts')
    .addHelpText('after', examples('dim contacts list --json', 'dim contacts list --all'))
    .action(
      runner.action((context, options: ListContactsOptions) =>
        listContactsCommand(options, context),
      ),
    );
  contacts
    .command('add [who]')
    .description(
      'Adds a contact, or gives one another remark: an ID, or somebody who wrote, by name or number.',
    )
    .option('--remark <name>', 'what you call them; dim finds them by it')
    .option('--card <file>', 'their card, from dim whoami --card; - for standard input')
    .addHelpText(
      'after',
      examples(
        'dim contacts add ID --remark hulk',
        'dim contacts add 123-456-7890 --remark hulk',
        'dim contacts add --card hulk.json',
      ),
    )
    .action(
      runner.action((context, id: string | undefined, options: AddContactOptions) =>
        addContactCommand(id, options, context),
      ),
    );
  contacts
    .command('remove <contact>')
    .description('Removes a contact, named by ID, remark or name.')
    .addHelpText('after', examples('dim contacts remove hulk'))
    .action(
      runner.action((context, contact: string, _options: object) =>
        removeContactCommand(contact, context),
      ),
    );
}
