import { sameEntity } from '@dimp/mkm';
import { readCard } from '../account/card.ts';
import { openProfile, userOf } from '../account/profile.ts';
import { addContact } from '../people/add.ts';
import { People } from '../people/people.ts';
import { usage } from '../terminal/failure.ts';
import { type CommandDefinition, option } from './command.ts';

/** Options of `dim contacts add`. */
interface AddContactOptions {
  readonly remark?: string;
  /** Path of the contact's card, as `dim whoami --card` writes it. */
  readonly card?: string;
}

/** Adds a contact, or changes the remark of one. */
export const addContactCommand: CommandDefinition<AddContactOptions, [who: string | undefined]> = {
  usage: 'add [who]',
  description:
    'Adds a contact, or changes the remark of one. WHO is an ID, or the name or number of a person you have exchanged messages with.',
  options: [
    option('--remark <name>', 'your own name for the contact; every command accepts it'),
    option('--card <file>', 'their card, from dim whoami --card; - for standard input'),
  ],
  examples: [
    'dim contacts add ID --remark hulk',
    'dim contacts add 123-456-7890 --remark hulk',
    'dim contacts add --card hulk.json',
  ],

  async run(context, { remark, card: path }, who) {
    const card = path === undefined ? undefined : await readCard(path, context);
    await using profile = await openProfile(context);
    const { facebook } = profile;
    const { id: user } = await userOf(profile);
    const people = new People(profile, user);
    const named = who === undefined ? undefined : await people.require(who);
    if (card !== undefined && named !== undefined && !sameEntity(card.id, named)) {
      throw usage('the card belongs to another ID');
    }
    const id = named ?? card?.id;
    if (id === undefined) {
      throw usage('no contact given: an ID, a person who wrote, or --card FILE');
    }
    if (id.isBroadcast) throw usage('a broadcast ID cannot be a contact');
    if (card !== undefined) {
      await facebook.saveMeta(card.meta, id);
      if (card.visa !== undefined) await facebook.saveDocument(card.visa, id);
    }
    await addContact({ facebook, user, people, output: context.output }, id, remark);
  },
};
