import type { JsonObject } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { openProfile, type Profile, userOf } from '../profile.ts';
import { protocol } from '../protocol.ts';
import { type NamedContact, namedContacts, nobody, requireReceiver } from '../receiver.ts';
import { oneLine } from '../text.ts';
import { readCard } from './card.ts';

/** Options of `dim contacts add`. */
export interface AddContactOptions {
  readonly remark?: string;
  /** File with the card of the contact, as `dim whoami --card` writes it. */
  readonly card?: string;
}

/** Lists the contacts. */
export async function listContactsCommand(context: Context): Promise<void> {
  await using profile = await openProfile(context);
  const { id: user } = await userOf(profile);
  const contacts = await namedContacts(profile.facebook, user);
  for (const contact of contacts) await showContact('contact', contact, profile, context);
  if (contacts.length === 0) context.output.note('no contacts yet: dim contacts add ID');
}

/** Adds a contact, or gives one another remark. */
export async function addContactCommand(
  text: string | undefined,
  { remark, card: path }: AddContactOptions,
  context: Context,
): Promise<void> {
  const card = path === undefined ? undefined : await readCard(path, context);
  const named = text === undefined ? undefined : protocol.parseID(text);
  if (card !== undefined && named !== undefined && !sameEntity(card.id, named)) {
    throw usage('the card is that of somebody else');
  }
  const id = named ?? card?.id;
  if (id === undefined) throw usage('whom to add: an ID, or --card FILE');
  if (id.isBroadcast) throw usage('everybody is no contact');
  await using profile = await openProfile(context);
  const { facebook } = profile;
  const { id: user } = await userOf(profile);
  if (card !== undefined) {
    await facebook.saveMeta(card.meta, id);
    if (card.visa !== undefined) await facebook.saveDocument(card.visa, id);
  }
  await facebook.addContact(user, id, remark === undefined ? {} : { remark });
  await showContact('contact', await contactOf(id, profile, user), profile, context);
}

/** Removes a contact. */
export async function removeContactCommand(text: string, context: Context): Promise<void> {
  await using profile = await openProfile(context);
  const { facebook } = profile;
  const { id: user } = await userOf(profile);
  const id = await requireReceiver(text, facebook, user);
  if ((await facebook.contact(user, id)) === undefined) throw nobody();
  const contact = await contactOf(id, profile, user);
  await facebook.removeContact(user, id);
  await showContact('contact-removed', contact, profile, context);
}

async function contactOf(id: ID, { facebook }: Profile, user: ID): Promise<NamedContact> {
  const contacts = await namedContacts(facebook, user);
  const found = contacts.find((each) => sameEntity(each.id, id));
  return found ?? { id, name: id.name ?? id.text };
}

async function showContact(
  type: string,
  { id, remark, name }: NamedContact,
  { facebook }: Profile,
  { output }: Context,
): Promise<void> {
  const meta = (await facebook.meta(id)) !== undefined;
  const visa = (await facebook.document(id)) !== undefined;
  const facts: JsonObject = { id: id.text, name, remark, meta, visa };
  const called = remark === undefined ? '' : ` (${oneLine(remark)})`;
  const unknown = meta ? '' : ', meta not known yet';
  const gone = type === 'contact' ? '' : ' removed';
  output.result(type, facts, `${id.text}${called}: ${oneLine(name)}${unknown}${gone}`);
}
