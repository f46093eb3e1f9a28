import { Facebook, Messenger, register } from '@dimp/client';
import { type Clock, createProtocol, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { standard } from '@dimp/extensions/standard';
import { EntityType, type ID } from '@dimp/mkm';
import { type Acquaintance, Station, type StationOptions } from '../../src/index.ts';

export const protocol = createProtocol(standard());

/** A user with their keys, and the parts of a client. */
export interface Person {
  readonly id: ID;
  readonly facebook: Facebook<typeof protocol>;
  readonly messenger: Messenger<typeof protocol>;
}

export async function newPerson(
  name: string,
  options: { readonly network?: number; readonly algorithm?: 'Ed25519' | 'RSA' } = {},
): Promise<Person> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const { network = EntityType.User, algorithm = 'Ed25519' } = options;
  const { id } = await register(name, { facebook, network, algorithm });
  return { id, facebook, messenger: new Messenger({ facebook }) };
}

/** Tells one about another: meta and visa. */
export async function tell(to: Facebook, about: Person): Promise<void> {
  const meta = await about.facebook.meta(about.id);
  const visa = await about.facebook.document(about.id);
  if (meta === undefined || visa === undefined) throw new Error('no meta or visa');
  await to.saveMeta(meta.wire, about.id);
  await to.saveDocument(visa.wire, about.id);
}

/** Tells all people about each other. */
export async function introduce(...people: readonly Person[]): Promise<void> {
  for (const to of people) {
    for (const about of people) if (to !== about) await tell(to.facebook, about);
  }
}

/** All users are acquainted, so that senders get all receipts at once. */
export const FRIENDS: Acquaintance = { wrote() {}, knows: () => true };

/** A station with its identity, over a store that may have seen one before. */
export interface World {
  readonly station: Station;
  readonly facebook: Facebook<typeof protocol>;
}

export async function openStation(
  store: Store,
  options: Partial<StationOptions> & { readonly clock?: Clock } = {},
): Promise<World> {
  const { clock } = options;
  const facebook = new Facebook({ protocol, store, ...(clock === undefined ? {} : { clock }) });
  const known = await facebook.currentUser();
  const id =
    known?.id ??
    (await register('gsp', { facebook, network: EntityType.Station, algorithm: 'Ed25519' })).id;
  return { station: await Station.open({ facebook, id, ...options }), facebook };
}
