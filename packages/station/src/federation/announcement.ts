import type { Facebook } from '@dimp/endpoint';
import { type JsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { LoginRecord } from '../directory/logins.ts';

/** Maximum age of an announced login, in seconds: other stations do not accept older ones. */
export const MAX_LOGIN_AGE = 86_400;
/** Most bytes attached to a login: with more, other stations would not store it. */
const MAX_ATTACHED = 8 * 1024;

/**
 * Returns the login message of a user with their meta and visa (spec §8.10), so that every station can verify it, and
 * its users can write to them.
 *
 * @throws `store/` codes
 */
export async function announcementOf(
  user: ID,
  { message }: LoginRecord,
  facebook: Facebook,
): Promise<Uint8Array> {
  const bare = without(message, 'meta', 'visa');
  const meta = await facebook.meta(user);
  const visa = await facebook.document(user);
  const attached = {
    ...(meta === undefined ? {} : { meta: meta.wire }),
    ...(visa === undefined ? {} : { visa: visa.wire }),
  };
  const fits = utf8Encode(stringifyJson(attached)).length <= MAX_ATTACHED;
  return utf8Encode(stringifyJson({ ...bare, ...(fits ? attached : {}) }));
}

function without(wire: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(wire).filter(([name]) => !names.includes(name)));
}
