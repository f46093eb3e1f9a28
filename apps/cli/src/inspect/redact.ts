import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import { shortened } from '../text.ts';

/** Members whose value is a secret, or opens something. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'session',
  'passphrase',
  'private_key',
]);
/** Members of a key object that are not secret. */
const KEY_FACTS: ReadonlySet<string> = new Set([
  'algorithm',
  'A',
  'mode',
  'padding',
  'digest',
  'curve',
  'encryption',
  'chunk',
  'keySize',
]);
const HIDDEN = '(hidden)';
/** Longest text that is shown whole, in characters. */
const LONGEST = 200;
/** Most elements of a list that are shown. */
const MOST = 64;

/**
 * A JSON value to be shown: keys, whether public, private or symmetric, without their material; passwords and session keys
 * hidden; what is long cut short.
 */
export function redacted(value: Json): Json {
  if (typeof value === 'string') {
    if (value.includes('PRIVATE KEY')) return HIDDEN;
    return shortened(value, LONGEST);
  }
  if (Array.isArray(value)) return (value as readonly Json[]).slice(0, MOST).map(redacted);
  if (!isJsonObject(value)) return value;
  const isKey = typeof value['algorithm'] === 'string' || typeof value['A'] === 'string';
  const shown: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value).slice(0, MOST)) {
    if (member === undefined) continue;
    const secret = isKey ? !KEY_FACTS.has(name) : SECRET_NAMES.has(name) && !isJsonObject(member);
    shown[name] = secret ? HIDDEN : redacted(member);
  }
  return shown;
}

/** {@link redacted} of an object. */
export function redactedObject(value: JsonObject): JsonObject {
  return redacted(value) as JsonObject;
}
