import {
  array,
  boolean,
  jsonObject,
  number,
  object,
  optional,
  type Schema,
  schema,
  string,
} from '@dimp/foundation/schema';
import type { Annotations } from '../merge/apply.ts';

const register = { time: number, said: optional(number) };
const texts = array(string);
const mentions: Schema<'all' | readonly ReturnType<typeof jsonObject.decode>[]> = schema(
  (value, field) => (value === 'all' ? 'all' : array(jsonObject).decode(value, field)),
  (value) => value,
);

/** Stored form of what was said about a message later. */
export const annotationsRecord: Schema<Annotations> = object({
  edits: optional(
    array(
      object({
        ...register,
        value: object({
          text: string,
          format: optional(string),
          mentions: optional(mentions),
        }),
      }),
    ),
  ),
  recalled: optional(object({ by: string, time: number, reason: optional(string) })),
  reactions: optional(array(object({ ...register, by: string, value: texts }))),
  votes: optional(
    array(object({ by: string, votes: array(object({ ...register, value: texts })) })),
  ),
  closed: optional(number),
  pinned: optional(object({ ...register, value: boolean })),
});
