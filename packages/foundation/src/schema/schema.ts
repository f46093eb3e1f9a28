import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isProtocolError, ProtocolError } from '../error.ts';
import type { ErrorCode } from '../error-table.ts';
import {
  comesLater,
  type ForeignFailure,
  findPromise,
  foreignError,
  isThenable,
} from '../foreign.ts';
import type { Json } from '../json.ts';

/** A two-way schema: reads JSON into a value and writes the value back as JSON. */
export interface Schema<T> extends StandardSchemaV1<unknown, T> {
  /**
   * Reads a value.
   *
   * @param field - name of the member, for the error; never its content
   * @throws a `ProtocolError`, usually `format/field`
   */
  decode(value: Json | undefined, field: string): T;
  /** Writes a value; undefined leaves the member out. */
  encode(value: T): Json | undefined;
}

/** The output type of a Standard Schema. */
export type InferOutput<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** Creates a {@link Schema} from its two directions. */
export function schema<T>(
  decode: (value: Json | undefined, field: string) => T,
  encode: (value: T) => Json | undefined,
): Schema<T> {
  return {
    decode,
    encode,
    '~standard': {
      version: 1,
      vendor: 'dimp',
      validate(value: unknown): StandardSchemaV1.Result<T> {
        try {
          return { value: decode(value as Json | undefined, 'value') };
        } catch (error) {
          if (!isProtocolError(error)) throw error;
          const field = error.details['field'];
          return {
            issues: [
              Object.assign(
                { message: error.message, code: error.code },
                typeof field === 'string' ? { path: [field] } : {},
              ),
            ],
          };
        }
      },
    },
  };
}

/**
 * Reads a value with any Standard Schema, of this package or of another library.
 *
 * A schema that throws, returns a promise or puts one into its result refuses the value with `format/field`.
 *
 * @throws the error of a schema of this package; `format/field` for the issues of another library
 */
export function parseWith<S extends StandardSchemaV1>(
  schema: S,
  value: Json | undefined,
  field: string,
): InferOutput<S> {
  if (!isTwoWay(schema)) return standardValidate(schema, value, field);
  let read: unknown;
  try {
    read = schema.decode(value, field);
    if (!isThenable(read)) return read as InferOutput<S>;
  } catch (thrown) {
    throw foreignError(thrown, unreadable(field));
  }
  throw comesLater(read, unreadable(field));
}

/** Whether a schema was created by this package and can write. */
export function isTwoWay(schema: StandardSchemaV1): schema is Schema<unknown> {
  return schema['~standard'].vendor === 'dimp' && 'decode' in schema && 'encode' in schema;
}

/** Reads a value through the Standard Schema interface, without the short cut of {@link parseWith}. */
export function standardValidate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  field: string,
): InferOutput<S> {
  let result: unknown;
  let later: PromiseLike<unknown> | undefined;
  try {
    result = schema['~standard'].validate(value);
    later = findPromise(result);
    if (later === undefined && isSuccess<InferOutput<S>>(result)) return result.value;
  } catch (thrown) {
    throw foreignError(thrown, unreadable(field));
  }
  // If a function inside a schema throws, libraries try again asynchronously, and the promise hides the error.
  if (later !== undefined) throw comesLater(later, unreadable(field));
  throw issuesError(result, field);
}

function unreadable(field: string): ForeignFailure {
  return { code: 'format/field', message: `${field} cannot be read`, details: { field } };
}

function isSuccess<T>(result: unknown): result is StandardSchemaV1.SuccessResult<T> {
  if (typeof result !== 'object' || result === null) {
    throw new TypeError('a Standard Schema must return an object');
  }
  return (result as StandardSchemaV1.Result<T>).issues === undefined;
}

/** Maximum number of issues in the details of an error. */
const MAX_ISSUES = 8;

function issuesError(result: unknown, field: string): ProtocolError {
  try {
    const issues = [...(result as StandardSchemaV1.FailureResult).issues].slice(0, MAX_ISSUES);
    const [first] = issues as readonly (StandardSchemaV1.Issue & { code?: unknown })[];
    const code = first?.code;
    return new ProtocolError(isErrorCode(code) ? code : 'format/field', `${field} is not valid`, {
      details: {
        field,
        issues: issues.map(({ message, path = [] }) => ({
          message: String(message),
          path: path.map((step) => String(typeof step === 'object' ? step.key : step)),
        })),
      },
    });
  } catch (thrown) {
    // The list of issues comes from the library and may be malformed.
    return foreignError(thrown, unreadable(field));
  }
}

/** Schemas of this package put their error code into the issue. Other libraries may use the member for something else. */
function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && /^(format|unsupported|crypto|identity)\/[a-z-]+$/.test(code);
}
