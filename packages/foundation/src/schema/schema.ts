import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isProtocolError, ProtocolError } from '../error.ts';
import type { ErrorCode } from '../error-table.ts';
import type { Json } from '../json.ts';

/** A two-way schema: reads JSON into a value and writes the value back as JSON. */
export interface Schema<T> extends StandardSchemaV1<unknown, T> {
  /**
   * Reads a value.
   *
   * @param field - name of the member, for the error; never its content
   * @throws a `ProtocolError`, normally `format/field`.
   */
  decode(value: Json | undefined, field: string): T;
  /** Writes a value; `undefined` means that the member is left out. */
  encode(value: T): Json | undefined;
}

/** The type a Standard Schema yields. */
export type InferOutput<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** Makes a {@link Schema} of its two directions. */
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
 * Reads a value with any Standard Schema, ours or that of another library.
 *
 * @throws the error code of our own schemas; `format/field` for the issues of another library.
 */
export function parseWith<S extends StandardSchemaV1>(
  schema: S,
  value: Json | undefined,
  field: string,
): InferOutput<S> {
  if (isTwoWay(schema)) return schema.decode(value, field) as InferOutput<S>;
  return standardValidate(schema, value, field);
}

/** Tells a {@link Schema} of this module from that of another library. */
export function isTwoWay(schema: StandardSchemaV1): schema is Schema<unknown> {
  return schema['~standard'].vendor === 'dimp' && 'decode' in schema && 'encode' in schema;
}

/** The Standard Schema way of {@link parseWith}, without our short cut. */
export function standardValidate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  field: string,
): InferOutput<S> {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    throw new TypeError(`the schema of "${field}" must be synchronous`);
  }
  if (result.issues === undefined) return result.value as InferOutput<S>;
  const [issue] = result.issues as readonly (StandardSchemaV1.Issue & { code?: string })[];
  const code = issue?.code;
  throw new ProtocolError(isErrorCode(code) ? code : 'format/field', `${field} is not valid`, {
    details: {
      field,
      issues: result.issues.slice(0, 8).map((each) => ({
        message: each.message,
        path: (each.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)),
      })),
    },
  });
}

/** Our own schemas put the code of their error into the issue; those of other libraries mean something else by it. */
function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && /^(format|unsupported|crypto|identity)\/[a-z-]+$/.test(code);
}
