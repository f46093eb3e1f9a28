import type { Facebook } from '@dimp/endpoint';
import { type JsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { LoginRecord } from '../directory/logins.ts';

/** How old a login may be that is announced, in seconds: others take no older ones. */
export const MAX_LOGIN_AGE = 86_400;
/** Most that may go along with a login, in bytes: with more, others would not keep it. */
const MAX_ATTACHED = 8 * 1024;

/**
 * The message in which a user said where he is, with his meta and visa (spec §8.10): whoever reads it can verify it, and
 * write to him.
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
