import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import { shortened } from '../terminal/text.ts';

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
  return hide(value, { text: LONGEST, members: MOST });
}

/** {@link redacted} of an object. */
export function redactedObject(value: JsonObject): JsonObject {
  return redacted(value) as JsonObject;
}

/** {@link redacted} for programs: nothing is cut short. */
export function withoutSecrets(value: JsonObject): JsonObject {
  const all = Number.POSITIVE_INFINITY;
  return hide(value, { text: all, members: all }) as JsonObject;
}

interface Limits {
  readonly text: number;
  readonly members: number;
}

function hide(value: Json, limits: Limits): Json {
  if (typeof value === 'string') {
    if (value.includes('PRIVATE KEY')) return HIDDEN;
    return value.length > limits.text ? shortened(value, limits.text) : value;
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).slice(0, limits.members).map((each) => hide(each, limits));
  }
  if (!isJsonObject(value)) return value;
  const isKey = typeof value['algorithm'] === 'string' || typeof value['A'] === 'string';
  const shown: [string, Json][] = [];
  for (const [name, member] of Object.entries(value).slice(0, limits.members)) {
    if (member === undefined) continue;
    const secret = isKey ? !KEY_FACTS.has(name) : SECRET_NAMES.has(name) && !isJsonObject(member);
    shown.push([name, secret ? HIDDEN : hide(member, limits)]);
  }
  return Object.fromEntries(shown);
}
