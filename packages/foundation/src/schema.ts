/**
 * Small schema combinators that read and write. Each schema is a Standard Schema V1 validator and can turn its value back into
 * JSON. The contents of the protocol are described with them; applications may use any Standard Schema library.
 *
 * @module
 */
export {
  alias,
  array,
  type FieldSchema,
  lenientArray,
  type ObjectOutput,
  object,
  optional,
} from './schema/composite.ts';
export {
  boolean,
  bytes,
  json,
  jsonObject,
  literal,
  nonEmpty,
  number,
  string,
  text,
  time,
} from './schema/scalar.ts';
export {
  type InferOutput,
  isTwoWay,
  parseWith,
  type Schema,
  schema,
  standardValidate,
} from './schema/schema.ts';
export { requiredText, wireObject } from './schema/wire-object.ts';
