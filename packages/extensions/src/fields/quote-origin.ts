import type { ContentContext } from '@dimp/dkd';
import { alias, number, object, optional, type Schema, text, time } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { cutText, ignored } from './lenient.ts';
import { ref } from './ref.ts';

/** Most characters of a quoted text. */
const MAX_QUOTED = 200;

/** The message that a content answers, according to its sender. Look it up before showing it (spec §9.2). */
export interface QuoteOrigin {
  readonly sender: ID;
  /** The receiver, or the group of a group message. */
  readonly receiver?: ID;
  /** Type of its content as decimal text. */
  readonly type?: string;
  readonly sn?: number;
  /** Seconds since the epoch. */
  readonly time?: number;
  /** Name of the message; see `refOf`. Absent from older peers. */
  readonly ref?: string;
  /** Beginning of its text, at most 200 characters. The sender of the quote wrote it and can forge it. */
  readonly text?: string;
}

/** Schema of {@link QuoteOrigin}. */
export function quoteOrigin({ id }: Pick<ContentContext, 'id'>): Schema<QuoteOrigin> {
  return object({
    sender: id,
    receiver: optional(alias(id, 'group')),
    type: optional(text),
    sn: optional(number),
    time: optional(time),
    ref: ignored(ref),
    text: ignored(cutText(MAX_QUOTED)),
  });
}
