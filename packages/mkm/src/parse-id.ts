import { fieldError, LruMap, type Reduction } from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';
import type { AddressRegistry } from './address-registry.ts';
import { type ID, makeID } from './id.ts';

/** Maximum length of an ID in UTF-16 code units. Deployed peers stop at 64; old terminals may be longer. */
const MAX_LENGTH = 256;

/**
 * Reads an ID: `[name@]address[/terminal]` (spec §5).
 *
 * @throws `format/field` for anything but a text, a control character, a lone surrogate, two `@`, a missing or damaged address;
 *   `unsupported/address` for an address of no registered family
 *
 * @example
 * ```ts
 * const hulk = parseID('hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj', addresses);
 * hulk.isUser; // true
 * ```
 */
export function parseID(text: unknown, addresses: AddressRegistry): ID {
  if (typeof text !== 'string' || text === '') throw fieldError('ID', 'must be a non-empty text');
  if (text.length > MAX_LENGTH)
    throw fieldError('ID', `must have at most ${MAX_LENGTH} characters`);
  if (hasControlCharacter(text)) throw fieldError('ID', 'must not have control characters');
  if (LONE_SURROGATE.test(text)) throw fieldError('ID', 'must not have a lone surrogate');
  const slash = text.indexOf('/');
  const [head, terminal] =
    slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
  const at = head.indexOf('@');
  if (at !== head.lastIndexOf('@')) throw fieldError('ID', 'must have one @ at most');
  const [name, address] = at < 0 ? [undefined, head] : [head.slice(0, at), head.slice(at + 1)];
  if (address === '') throw fieldError('ID', 'must have an address');
  return makeID({ name, address: addresses.parse(address), terminal }, text);
}

/**
 * Checks a name for a new ID: 1 to 32 bytes of UTF-8 without blanks, control characters, `/` and `@` (spec §5).
 *
 * @throws `format/field`
 */
export function checkName(name: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes < 1 || bytes > 32) throw fieldError('name', 'must have 1 to 32 bytes');
  if (hasControlCharacter(name) || LONE_SURROGATE.test(name) || /[/@\s]/u.test(name)) {
    throw fieldError('name', 'must not have blanks, control characters, "/" or "@"');
  }
  return name;
}

/** A lone surrogate has no UTF-8 form, so such an ID could be neither sent nor stored. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Reads IDs with the addresses of one protocol instance, and caches them, because checking an address takes hashes. */
export interface IDReader {
  /** {@link parseID}, with a bounded cache. */
  parse(text: unknown): ID;
  /** Schema of an ID as a member of contents. */
  readonly schema: Schema<ID>;
  /** Drops a part of the cache, half by default. */
  reduceMemory(part?: Reduction): void;
}

/** Creates an {@link IDReader}. */
export function idReader(addresses: AddressRegistry, capacity = 4096): IDReader {
  const known = new LruMap<string, ID>(capacity);
  const parse = (text: unknown): ID => {
    if (typeof text !== 'string') return parseID(text, addresses);
    const found = known.get(text);
    if (found !== undefined) return found;
    const id = parseID(text, addresses);
    known.set(text, id);
    return id;
  };
  return {
    parse,
    schema: schema(
      (value) => parse(value),
      (id) => id.text,
    ),
    reduceMemory: (part) => {
      known.reduce(part);
    },
  };
}
