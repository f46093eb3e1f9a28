import { normalizeMessage } from '@dimp/core/dialects';
import { isJsonObject, type Json, type JsonObject, ProtocolError } from '@dimp/foundation';

/** Short names of members of a message (spec §10); the meaning of `S` has changed. */
const LETTERS = 'FRWTGKDVMPS';
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Refuses a message that can be read in two ways (spec §14.6 #58). A station relays the bytes as received, so a later
 * reader must not see other values than the station has checked. Ambiguous are: a member that occurs twice, a short
 * name beside the long one, `IV` beside another `iv`, half of a surrogate pair.
 *
 * @param text - the JSON that the message was read from
 * @throws `format/json`, `format/field`
 */
export function checkUnambiguous(text: string, wire: JsonObject): void {
  if (countColons(text) !== countMembers(wire)) {
    throw new ProtocolError('format/json', 'a member occurs twice');
  }
  // Only an escape can produce one, because the text was decoded from UTF-8.
  if (text.includes('\\u') && hasLoneSurrogate(wire)) {
    throw new ProtocolError('format/json', 'a string is not valid Unicode');
  }
  const long = normalizeMessage(wire);
  for (const letter of LETTERS) {
    if (Object.hasOwn(long, letter)) throw ambiguous(letter);
  }
  if (Object.hasOwn(wire, 'IV') && Object.hasOwn(wire, 'iv') && wire['IV'] !== wire['iv']) {
    throw ambiguous('iv');
  }
}

/** Counts the colons outside strings: one for each member of each object. */
function countColons(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COLON) count += 1;
  }
  return count;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** Counts the members of all objects. The JSON parser bounds their depth and number. */
function countMembers(value: Json | undefined): number {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).reduce<number>((sum, each) => sum + countMembers(each), 0);
  }
  if (!isJsonObject(value)) return 0;
  const inner = Object.values(value);
  return inner.reduce<number>((sum, each) => sum + countMembers(each), inner.length);
}

function hasLoneSurrogate(value: Json | undefined): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value);
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasLoneSurrogate);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(
    ([name, each]) => LONE_SURROGATE.test(name) || hasLoneSurrogate(each),
  );
}

function ambiguous(field: string): ProtocolError<'format/field'> {
  return new ProtocolError('format/field', 'a member occurs under two names', {
    details: { field },
  });
}
