import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import { shortened } from '../terminal/text.ts';

/** Members whose value is a secret. */
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
/** Longest text that is not shortened, in characters. */
const MAX_TEXT = 200;
/** Limit for the elements of a list, and for the members of an object. */
const MAX_MEMBERS = 64;

/**
 * Makes a JSON value safe to show: hides the material of all keys, passwords and session keys, and shortens long texts and
 * lists.
 */
export function redacted(value: Json): Json {
  return hide(value, { text: MAX_TEXT, members: MAX_MEMBERS });
}

/** Makes a JSON object safe to show, as {@link redacted} does. */
export function redactedObject(value: JsonObject): JsonObject {
  return redacted(value) as JsonObject;
}

/** Hides the secrets of a JSON object without shortening anything. */
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
