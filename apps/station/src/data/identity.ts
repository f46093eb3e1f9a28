import { type Facebook, register } from '@dimp/client';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type User } from '@dimp/mkm';

/** The identity that a store holds; undefined if it has none yet. @throws `store/` codes */
export async function findIdentity(facebook: Facebook): Promise<User | undefined> {
  const users = await facebook.localUsers();
  return users.find(({ id }) => id.type === EntityType.Station);
}

/**
 * Makes the identity of a station: an RSA key of 2,048 bits, because stations of today ask for one.
 *
 * @throws `format/field` for a name that is none; `store/` codes
 */
export function makeIdentity(facebook: Facebook, name: string): Promise<User> {
  return register(name, { facebook, network: EntityType.Station });
}

/** @throws `identity/not-found` if the station was never started */
export async function requireIdentity(facebook: Facebook): Promise<User> {
  const user = await findIdentity(facebook);
  if (user !== undefined) return user;
  throw new ProtocolError('identity/not-found', 'the station has no identity yet: start it once');
}
