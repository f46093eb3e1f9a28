import { fieldError } from '../coerce.ts';
import { isProtocolError, ProtocolError } from '../error.ts';
import { comesLater, isThenable } from '../foreign.ts';
import { isJsonObject, type Json, type JsonObject, ownMember } from '../json.ts';
import { type Schema, schema } from './schema.ts';

/** A member of {@link object} with its flags. */
export interface FieldSchema<T, Optional extends boolean = boolean> extends Schema<T> {
  readonly optional?: Optional;
  /** Other names of the member, read in this order when the first is absent. */
  readonly aliases?: readonly string[];
}

type Fields = Readonly<Record<string, FieldSchema<unknown>>>;
type OutputOf<F> = F extends { decode(value: Json | undefined, field: string): infer T }
  ? T
  : never;
type OptionalNames<F extends Fields> = {
  [N in keyof F]: F[N] extends { readonly optional: true } ? N : never;
}[keyof F];

/** The value type of {@link object}. */
export type ObjectOutput<F extends Fields> = {
  readonly [N in Exclude<keyof F, OptionalNames<F>>]: OutputOf<F[N]>;
} & { readonly [N in OptionalNames<F>]?: OutputOf<F[N]> };

/** Makes a member optional. `null` counts as absent. */
export function optional<T>(inner: FieldSchema<T>): FieldSchema<T, true> & { optional: true } {
  return { ...inner, optional: true };
}

/**
 * Gives a member further names, which older generations use. It is read under the first name that is present and written under
 * its main name only. Dialects write the other names.
 *
 * @example
 * ```ts
 * object({ key: optional(alias(jsonObject, 'password')) });
 * ```
 */
export function alias<F extends FieldSchema<unknown>>(inner: F, ...aliases: readonly string[]): F {
  return { ...inner, aliases };
}

/** An object with known members. Unknown members are ignored. */
export function object<const F extends Fields>(fields: F): Schema<ObjectOutput<F>> {
  const entries = Object.entries(fields) as [string, FieldSchema<unknown>][];
  return schema<ObjectOutput<F>>(
    (value, field) => {
      if (!isJsonObject(value)) throw fieldError(field, 'must be a JSON object');
      const read: Record<string, unknown> = {};
      for (const [name, member] of entries) {
        const found = findMember(value, name, member.aliases);
        if (found === undefined) {
          if (!member.optional) throw fieldError(name, 'is missing');
          continue;
        }
        const decoded = atOnce(member.decode(found, name), name);
        if (decoded !== undefined) read[name] = decoded;
      }
      return read as ObjectOutput<F>;
    },
    (value) => {
      const written: Record<string, Json> = {};
      for (const [name, member] of entries) {
        const item = (value as Record<string, unknown>)[name];
        if (item === undefined) continue;
        const encoded = member.encode(item);
        if (encoded !== undefined) written[name] = encoded;
      }
      return written;
    },
  );
}

/**
 * A list.
 *
 * @param max - maximum number of elements
 * @throws `format/limit` for more elements
 */
export function array<T>(item: Schema<T>, max = 65_536): Schema<readonly T[]> {
  return schema<readonly T[]>(
    (value, field) =>
      list(value, field, max).map((each) => atOnce(item.decode(each, field), field)),
    (value) => value.map((each) => item.encode(each) ?? null),
  );
}

/**
 * A list without its damaged elements: one bad entry must not make the others unreadable (spec §4.4).
 *
 * @throws `format/limit` for more than `max` elements, and if an element throws it
 */
export function lenientArray<T>(item: Schema<T>, max = 65_536): Schema<readonly T[]> {
  return schema<readonly T[]>(
    (value, field) => {
      const read: T[] = [];
      for (const each of list(value, field, max)) {
        try {
          read.push(atOnce(item.decode(each, field), field));
        } catch (error) {
          if (!isProtocolError(error) || error.code === 'format/limit') throw error;
        }
      }
      return read;
    },
    (value) => value.map((each) => item.encode(each) ?? null),
  );
}

function list(value: Json | undefined, field: string, max: number): readonly Json[] {
  if (!Array.isArray(value)) throw fieldError(field, 'must be a list');
  if (value.length > max) {
    throw new ProtocolError('format/limit', `${field} has too many elements`, {
      details: { field, limit: 'elements', max },
    });
  }
  return value;
}

/** A schema of an application may be asynchronous by mistake. Its promise must not become a part of the value. */
function atOnce<T>(decoded: T, field: string): T {
  if (!isThenable(decoded)) return decoded;
  throw comesLater(decoded, {
    code: 'format/field',
    message: `${field} cannot be read`,
    details: { field },
  });
}

function findMember(
  value: JsonObject,
  name: string,
  aliases: readonly string[] = [],
): Json | undefined {
  for (const each of [name, ...aliases]) {
    const found = ownMember(value, each);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}
