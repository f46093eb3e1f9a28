import type { Facebook } from '@dimp/client';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { usage } from './failure.ts';
import { protocol } from './protocol.ts';

/** A contact with the names that a person may call him by. */
export interface NamedContact {
  readonly id: ID;
  readonly remark?: string;
  /** What his visa or his ID says. */
  readonly name: string;
}

/** The contacts of a user, in the order of their names. */
export async function namedContacts(
  facebook: Facebook,
  user: ID,
): Promise<readonly NamedContact[]> {
  const contacts: NamedContact[] = [];
  for (const id of await facebook.contacts(user)) {
    const remark = (await facebook.contact(user, id))?.remark;
    const name = await displayNameOf(id, facebook);
    contacts.push({ id, name, ...(remark === undefined || remark === '' ? {} : { remark }) });
  }
  return contacts.sort((a, b) => callNameOf(a).localeCompare(callNameOf(b)));
}

/** The name that a visa or bulletin gives, else one made of the ID. */
export async function displayNameOf(id: ID, facebook: Facebook): Promise<string> {
  try {
    return await (id.isGroup ? facebook.group(id) : facebook.user(id)).displayName();
  } catch (error) {
    // A kind of entity without a class.
    if (isProtocolError(error, 'unsupported/entity')) return id.name ?? id.text;
    throw error;
  }
}

/** What a person calls a contact: the remark, else the name in his ID, else the ID. */
export function callNameOf({ id, remark }: Pick<NamedContact, 'id' | 'remark'>): string {
  return remark ?? id.name ?? id.text;
}

/**
 * Whom a person means: an ID, else the contact with this remark, else the only one with this name.
 *
 * @returns undefined if it is nobody who is known here
 * @throws `usage` if it may be several; `format/field` for a damaged ID
 */
export async function findReceiver(
  text: string,
  facebook: Facebook,
  user: ID,
): Promise<ID | undefined> {
  const id = readID(text);
  if (id !== undefined) return id;
  const contacts = await namedContacts(facebook, user);
  const wanted = text.normalize('NFC').toLowerCase();
  const called = (name: string | undefined): boolean =>
    name !== undefined && name.normalize('NFC').toLowerCase() === wanted;
  for (const fits of [
    contacts.filter(({ remark }) => called(remark)),
    contacts.filter(({ id: { name } }) => called(name)),
    contacts.filter(({ name }) => called(name)),
  ]) {
    if (fits.length > 1) throw usage('several contacts are called so: use the ID');
    const [only] = fits;
    if (only !== undefined) return only.id;
  }
  return undefined;
}

/** {@link findReceiver}, or that there is nobody. @throws `identity/not-found` */
export async function requireReceiver(text: string, facebook: Facebook, user: ID): Promise<ID> {
  const found = await findReceiver(text, facebook, user);
  if (found === undefined) throw nobody();
  return found;
}

/** The failure of a name that belongs to nobody. */
export function nobody(): ProtocolError<'identity/not-found'> {
  return new ProtocolError('identity/not-found', 'neither an ID nor a contact is called so');
}

/** Names without address are no IDs; whatever has an @ is meant to be one. */
function readID(text: string): ID | undefined {
  try {
    return protocol.parseID(text);
  } catch (error) {
    if (!isProtocolError(error) || text.includes('@')) throw error;
    return undefined;
  }
}
