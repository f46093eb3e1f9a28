import type { ContentContext, InstantMessage } from '@dimp/dkd';
import { number, object, optional, type Schema, string, text, time } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { ignored } from '../fields/lenient.ts';
import { ref } from '../fields/ref.ts';
import { refOf } from './ref.ts';

/** The message that a content is about. Its `ref` counts; the other members help older peers and tools. */
export interface Target {
  readonly sender: ID;
  readonly sn: number;
  /** Seconds since the epoch. */
  readonly time: number;
  /** See `refOf`. */
  readonly ref: string;
}

/** The parts of a message that name it. */
export type TargetMessage = Pick<InstantMessage, 'envelope' | 'content'>;

/** The target of a content about a message, such as a reaction. */
export function targetOf({ envelope: { sender, time: sent }, content }: TargetMessage): Target {
  const { sn, time = sent } = content;
  return { sender, sn, time, ref: refOf({ sender, sn, time }) };
}

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
    type: optional(text),
    sn: optional(number),
    time: optional(time),
    ref: ignored(ref),
    URL: optional(string),
    filename: optional(string),
  });
}
