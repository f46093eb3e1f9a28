import type { CommandGroup } from './command.ts';
import { addContactCommand } from './contacts-add.ts';
import { linkContactCommand } from './contacts-link.ts';
import { listContactsCommand } from './contacts-list.ts';
import { removeContactCommand } from './contacts-remove.ts';
import { verifyContactCommand } from './contacts-verify.ts';

/** The contacts of the identity. */
export const contactsCommands: CommandGroup = {
  usage: 'contacts',
  summary: 'list, add, remove, verify contacts',
  description: 'The contacts of your identity. Without a command they are listed.',
  examples: [
    'dim contacts',
    'dim contacts add hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj --remark "the green one"',
    'dim contacts remove "the green one"',
    'dim contacts link',
    'dim contacts verify "the green one"',
  ],
  commands: [
    listContactsCommand,
    addContactCommand,
    removeContactCommand,
    linkContactCommand,
    verifyContactCommand,
  ],
};
