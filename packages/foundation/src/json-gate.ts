import { utf8Decode } from './bytes.ts';
import { ProtocolError } from './error.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** Limits on JSON from the network (spec §14.7 no. 7). */
export interface JsonLimits {
  /** Maximum length of the text in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Maximum nesting of objects and arrays; the outermost counts as 1. */
  readonly maxDepth: number;
  /** Maximum number of members and elements of all objects and arrays together. */
  readonly maxMembers: number;
}

/** Message ≤ 1 MiB, depth ≤ 32 (spec §14.7 no. 7), and at most 16,384 members. */
export const DEFAULT_JSON_LIMITS: JsonLimits = /* @__PURE__ */ Object.freeze({
  maxBytes: 1024 * 1024,
  maxDepth: 32,
  maxMembers: 16_384,
});

/**
 * Parses bytes or text as one JSON object. All network input passes here first.
 *
 * The checks have the order of the vectors: size, UTF-8 and JSON, depth, `__proto__`. A text that is too deep or has too many
 * members may be reported as such even if it is also malformed. NaN, Infinity, numbers that read as Infinity and trailing
 * text are refused. Of duplicate members the last one counts (spec §1.3).
 *
 * @throws `format/limit` above a limit; `format/json` for anything but a JSON object; `format/field` for a member named
 *   `__proto__` at any depth
 */
export function parseJsonObject(
  input: Uint8Array | string,
  limits: JsonLimits = DEFAULT_JSON_LIMITS,
): JsonObject {
  const value = parseJson(input, limits);
  if (!isJsonObject(value)) throw new ProtocolError('format/json', 'JSON must be an object');
  return value;
}

/** Parses any JSON value with the same checks as {@link parseJsonObject}. */
export function parseJson(
  input: Uint8Array | string,
  limits: JsonLimits = DEFAULT_JSON_LIMITS,
): Json {
  if (exceedsBytes(input, limits.maxBytes)) {
    throw limit('bytes', limits.maxBytes);
  }
  const text = typeof input === 'string' ? input : decodeJsonText(input);
  // The limits are checked before parsing, because the platform's parser is slow on the inputs that they exclude.
  const { depth, commas, brackets, closed } = scanShape(text);
  if (!closed) throw new ProtocolError('format/json', 'text is not JSON');
  if (depth > limits.maxDepth) throw limit('depth', limits.maxDepth);
  if (commas >= limits.maxMembers || brackets - 1 > limits.maxMembers) {
    throw limit('members', limits.maxMembers);
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new ProtocolError('format/json', 'text is not JSON');
  }
  checkMembers(value, limits.maxMembers);
  return value;
}

/** Writes a value as JSON text. Refuses NaN and Infinity, which would become `null` silently. */
export function stringifyJson(value: Json): string {
  // Not in a replacer function, which would disable the platform's fast path.
  refuseNonFinite(value);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('undefined cannot be written as JSON');
  return text;
}

function refuseNonFinite(value: Json | undefined): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError('a number must be finite to be written as JSON');
  }
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) refuseNonFinite(item);
  }
}

/** Properties of a JSON text that one pass without recursion finds. */
interface Shape {
  /** Maximum nesting of brackets. */
  readonly depth: number;
  /** Number of commas outside of strings, a lower bound of the number of members and elements. */
  readonly commas: number;
  /** Number of opening brackets; each but the outermost is a member or element. */
  readonly brackets: number;
  /** Whether each closing bracket has an opening one before it, and the reverse. */
  readonly closed: boolean;
}

function scanShape(text: string): Shape {
  let depth = 0;
  let deepest = 0;
  let commas = 0;
  let brackets = 0;
  for (let i = 0; i < text.length && depth >= 0; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // a string: jump to its closing quote, because strings may have megabytes
        i = endOfString(text, i);
        break;
      case 0x2c:
        commas += 1;
        break;
      case 0x5b:
      case 0x7b:
        brackets += 1;
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
      default:
    }
  }
  return { depth: deepest, commas, brackets, closed: depth === 0 };
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function checkMembers(root: Json, maxMembers: number): void {
  let members = 0;
  const visit = (value: Json): void => {
    // `1e999` reads as Infinity, which cannot be written again, to a store or to another station.
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new ProtocolError('format/json', 'a number in the JSON is too large');
    }
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      members += value.length;
      if (members > maxMembers) throw limit('members', maxMembers);
      for (const item of value) visit(item as Json);
      return;
    }
    for (const key of Object.keys(value)) {
      members += 1;
      if (members > maxMembers) throw limit('members', maxMembers);
      if (key === '__proto__') {
        throw new ProtocolError('format/field', 'a member must not be named __proto__', {
          details: { field: '__proto__' },
        });
      }
      visit((value as JsonObject)[key] ?? null);
    }
  };
  visit(root);
}

function exceedsBytes(input: Uint8Array | string, maxBytes: number): boolean {
  if (typeof input !== 'string') return input.length > maxBytes;
  if (input.length > maxBytes) return true;
  if (input.length * 3 <= maxBytes) return false;
  // A code unit takes one to three bytes of UTF-8. Only texts in this range have to be measured.
  return new TextEncoder().encode(input).length > maxBytes;
}

function decodeJsonText(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw new ProtocolError('format/json', 'bytes are not UTF-8', { cause });
  }
}

function limit(what: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `more ${what} than allowed`, {
    details: { limit: what, max },
  });
}
