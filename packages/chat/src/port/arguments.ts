import { fieldError, isJsonObject, ProtocolError, showError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Place } from './messages.ts';
import { isPlainObject } from './plain.ts';

/** Most bytes, members and depth of the arguments of one call: above those of any content. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_MEMBERS = 65_536;
const MAX_DEPTH = 40;
/** Most IDs among the arguments of one call. */
const MAX_IDS = 4096;

/** Arguments on their way through a port. */
export interface PackedArguments {
  readonly args: readonly unknown[];
  readonly ids: readonly Place[];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((...args: unknown[]) => void) | undefined;
}

/** Takes signals, listeners and IDs out of arguments: what is left can be cloned. */
export function packArguments(args: readonly unknown[]): PackedArguments {
  let signal: AbortSignal | undefined;
  let onProgress: PackedArguments['onProgress'];
  const ids: Place[] = [];
  const pack = (value: unknown, place: Place): unknown => {
    if (Array.isArray(value)) return value.map((each, index) => pack(each, [...place, index]));
    if (isPlainObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, pack(each, [...place, name])]),
      );
    }
    if (!isID(value)) return value;
    ids.push(place);
    return value.text;
  };
  const plain = args.map((each, index) => {
    if (!isPlainObject(each)) return pack(each, [index]);
    const { signal: aborts, onProgress: listener, ...rest } = each;
    if (aborts instanceof AbortSignal) signal = aborts;
    if (typeof listener === 'function') {
      onProgress = (...progress) => {
        try {
          Reflect.apply(listener, undefined, progress);
        } catch (error) {
          showError('a listener of progress has failed:', error);
        }
      };
    }
    return pack(rest, [index]);
  });
  return { args: plain, ids, signal, onProgress };
}

/** An ID is the one value of a content that is not plain data. */
function isID(value: unknown): value is ID {
  return (
    typeof value === 'object' &&
    value !== null &&
    'entity' in value &&
    'text' in value &&
    typeof value.text === 'string' &&
    'toJSON' in value &&
    typeof value.toJSON === 'function'
  );
}

/**
 * Reads arguments that came through a port.
 *
 * @param parseID - reads the IDs among them
 * @throws `format/limit` for too much; `format/field` for other values than plain data, and for IDs without `parseID`
 */
export function readArguments(
  args: unknown,
  ids: unknown,
  parseID: ((text: string) => ID) | undefined,
): readonly unknown[] {
  if (!Array.isArray(args)) throw fieldError('args', 'must be a list');
  measure(args);
  if (ids === undefined) return args;
  if (!Array.isArray(ids) || ids.length > MAX_IDS) throw fieldError('ids', 'must be a short list');
  for (const place of ids) readID(args, place, parseID);
  return args;
}

function readID(
  args: readonly unknown[],
  place: unknown,
  parseID: ((text: string) => ID) | undefined,
): void {
  if (!Array.isArray(place) || place.length < 2 || place.length > MAX_DEPTH) {
    throw fieldError('ids', 'must be places in the arguments');
  }
  let holder: unknown = args;
  for (const name of place.slice(0, -1)) {
    holder = isHolder(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
  }
  const last: unknown = place.at(-1);
  const text =
    isHolder(holder) && isName(last) && Object.hasOwn(holder, last) ? holder[last] : undefined;
  if (!isHolder(holder) || !isName(last) || typeof text !== 'string' || parseID === undefined) {
    throw fieldError('ids', 'must be places of texts in the arguments');
  }
  Object.defineProperty(holder, last, { value: parseID(text), enumerable: true });
}

function isName(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isHolder(value: unknown): value is Record<string | number, unknown> {
  return Array.isArray(value) || isJsonObject(value);
}

/** Checks that a value is plain data of a bounded size. A clone has no circles that this could not see as too deep. */
function measure(value: unknown): void {
  let bytes = 0;
  let members = 0;
  const visit = (each: unknown, depth: number): void => {
    members += 1;
    if (typeof each === 'string') bytes += each.length;
    else if (each instanceof Uint8Array) bytes += each.length;
    else if (each instanceof Blob) bytes += each.size;
    else if (Array.isArray(each) || isPlainObject(each)) {
      for (const [name, inner] of Object.entries(each)) {
        bytes += name.length;
        check(depth);
        visit(inner, depth + 1);
      }
    } else if (typeof each === 'object' && each !== null) {
      throw fieldError('args', 'must be plain data');
    }
    check(depth);
  };
  const check = (depth: number): void => {
    if (bytes > MAX_BYTES || members > MAX_MEMBERS || depth > MAX_DEPTH) {
      throw new ProtocolError('format/limit', 'the arguments of the call are too large', {
        details: { limit: 'bytes', max: MAX_BYTES },
      });
    }
  };
  visit(value, 0);
}
