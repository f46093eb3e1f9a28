import { type ContactLink, parseLink } from '@dimp/chat/links';
import { sameEntity } from '@dimp/mkm';
import { readCard } from '../account/card.ts';
import { protocol } from '../account/protocol.ts';
import { openHost } from '../host/open-host.ts';
import { withHistory } from '../host/with-messaging.ts';
import { addContact } from '../people/add.ts';
import { showPerson } from '../people/show.ts';
import { usage } from '../terminal/failure.ts';
import { type CommandContext, type CommandDefinition, option } from './command.ts';

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
    'Adds a contact, or changes the remark of one. WHO is an ID, a contact link, or the name or number of a person you have exchanged messages with.',
  options: [
    option('--remark <name>', 'your own name for the contact; every command accepts it'),
    option('--card <file>', 'their card, from dim whoami --card; - for standard input'),
  ],
  examples: [
    'dim contacts add ID --remark hulk',
    'dim contacts add 123-456-7890 --remark hulk',
    'dim contacts add --card hulk.json',
    "dim contacts add 'dim:contact?v=1&id=…&fp=…' --remark hulk",
  ],

  async run(context, { remark, card: path }, who) {
    if (who !== undefined && isLink(who)) {
      if (path !== undefined) throw usage('a link has no card: use one of them');
      await addByLink(who, remark, context);
      return;
    }
    const card = path === undefined ? undefined : await readCard(path, context);
    await using host = await openHost(context);
    const { people } = host;
    const named = who === undefined ? undefined : await people.require(who);
    if (card !== undefined && named !== undefined && !sameEntity(card.id, named)) {
      throw usage('the card belongs to another ID');
    }
    const id = named ?? card?.id;
    if (id === undefined) {
      throw usage('no contact given: an ID, a person who wrote, or --card FILE');
    }
    if (id.isBroadcast) throw usage('a broadcast ID cannot be a contact');
    if (card !== undefined) await host.profile.saveCard(id.text, card.meta, card.visa);
    await addContact(id, remark, people, context.output);
  },
};

/** Whether a text is a link rather than an ID or a name. */
function isLink(text: string): boolean {
  return /^(?:web\+)?dim:|^https:\/\/[^\s#]+#/i.test(text);
}

/** Adds the person to whom a link leads. Their first message from here uses up the link. */
async function addByLink(
  link: string,
  remark: string | undefined,
  context: CommandContext,
): Promise<void> {
  const { station } = contactLink(link);
  await withHistory(context, async ({ client, host }) => {
    const added = await client.contacts.add(link, remark === undefined ? {} : { name: remark });
    const { people } = host;
    const person = await people.person(protocol.parseID(added.id));
    await showPerson(person, people, context.output);
    if (station !== undefined && (await host.profile.stations()).length === 0) {
      context.output.note(`they are at dim station add ${station.host}:${station.port}`);
    }
  });
}

/** @throws `usage` for a link to a group or for verifying */
function contactLink(text: string): ContactLink {
  const link = parseLink(text, protocol.addresses);
  if (link.kind === 'contact') return link;
  throw usage('the link does not lead to a person');
}
