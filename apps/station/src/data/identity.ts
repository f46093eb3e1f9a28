import { type Facebook, register } from '@dimp/client';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type User } from '@dimp/mkm';

/** Returns the identity in a store; undefined if there is none yet. @throws `store/` codes */
export async function findIdentity(facebook: Facebook): Promise<User | undefined> {
  const users = await facebook.localUsers();
  return users.find(({ id }) => id.type === EntityType.Station);
}

/**
 * Creates the identity of a station, with an RSA key of 2,048 bits, which deployed stations require.
 *
 * @throws `format/field` for an invalid name; `store/` codes
 */
export function createIdentity(facebook: Facebook, name: string): Promise<User> {
  return register(name, { facebook, network: EntityType.Station });
}

/** @throws `identity/not-found` if the station was never started */
export async function requireIdentity(facebook: Facebook): Promise<User> {
  const user = await findIdentity(facebook);
  if (user !== undefined) return user;
  throw new ProtocolError('identity/not-found', 'the station has no identity yet: start it once');
}
