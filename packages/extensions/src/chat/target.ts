import type { ContentContext } from '@dimp/dkd';
import { fieldError } from '@dimp/foundation';
import {
  number,
  object,
  optional,
  type Schema,
  schema,
  string,
  time,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { isRef } from './ref.ts';

/** The message that a content is about. Its `ref` counts; the other members help older peers and tools. */
export interface Target {
  readonly sender: ID;
  readonly sn: number;
  /** Seconds since the epoch. */
  readonly time: number;
  /** See `refOf`. */
  readonly ref: string;
}

/** A ref of 22 characters. */
export const ref: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    const text = string.decode(value, field);
    if (!isRef(text)) throw fieldError(field, 'must be 22 characters of Base64url');
    return text;
  },
  (value) => value,
);

/** Schema of a {@link Target}. */
export function target({ id }: ContentContext): Schema<Target> {
  return object({ sender: id, sn: number, time, ref });
}

/**
 * What an edit or a recall is about: a message of the same sender. Deployed clients name it by type and serial number only,
 * and it has the serial number of the edit itself.
 */
export interface OwnTarget {
  /** Type of its content as decimal text. */
  readonly type?: string;
  readonly sn?: number;
  /** Seconds since the epoch. */
  readonly time?: number;
  readonly ref?: string;
  /** Where the file of a recalled message was. */
  readonly URL?: string;
  readonly filename?: string;
}

/** Schema of an {@link OwnTarget}. */
export function ownTarget(): Schema<OwnTarget> {
  return object({
    type: optional(typeText),
    sn: optional(number),
    time: optional(time),
    ref: optional(ref),
    URL: optional(string),
    filename: optional(string),
  });
}

const typeText: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    if (typeof value === 'number' || typeof value === 'string') return String(value);
    throw fieldError(field, 'must be text or a number');
  },
  (value) => value,
);
