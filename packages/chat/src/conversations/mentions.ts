import type { Facebook } from '@dimp/endpoint';
import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import { documentName, type ID, sameEntity } from '@dimp/mkm';
import { mayMentionAll } from './rights.ts';

/** Most mentions of one text that are read. */
const MAX_MENTIONS = 64;

/** Whether a text of a group mentions the user: by a mention, or as older clients do, by `@NICKNAME`. */
export async function mentionsUser(
  facebook: Facebook,
  { wire, text, sender }: { readonly wire: JsonObject; readonly text: string; readonly sender: ID },
  group: ID,
  user: ID,
): Promise<boolean> {
  const mentions = ownMember(wire, 'mentions');
  const all = mentions === 'all' || hasName(text, 'all') || hasName(text, 'All');
  if (all && (await mayMentionAll(facebook, group, sender))) return true;
  if (Array.isArray(mentions)) {
    const { parseID } = facebook.protocol;
    return mentions
      .slice(0, MAX_MENTIONS)
      .some((each) => isJsonObject(each) && isInside(each, text) && names(each, user, parseID));
  }
  const visa = await facebook.document(user);
  const nickname = visa === undefined ? undefined : documentName(visa);
  return nickname !== undefined && nickname !== '' && hasName(text, nickname);
}

/** The rule of deployed clients: the name is followed by a space, or ends the text. */
function hasName(text: string, name: string): boolean {
  return text.includes(`@${name} `) || text.endsWith(`@${name}`);
}

function isInside(mention: JsonObject, text: string): boolean {
  const [at, length] = [ownMember(mention, 'at'), ownMember(mention, 'length')];
  if (typeof at !== 'number' || typeof length !== 'number') return false;
  return at >= 0 && length > 0 && at + length <= text.length;
}

function names(mention: JsonObject, user: ID, parseID: (text: unknown) => ID): boolean {
  const did = ownMember(mention, 'did') ?? ownMember(mention, 'ID');
  // Most mentions name somebody else, and parsing costs a digest.
  if (typeof did !== 'string' || did.length > 2 * user.text.length + 64) return false;
  if (did === user.text || did === user.entity) return true;
  try {
    return sameEntity(parseID(did), user);
  } catch {
    return false;
  }
}
