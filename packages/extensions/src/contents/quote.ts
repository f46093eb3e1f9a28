import { type ContentType, defineContent } from '@dimp/dkd';
import { number, object, optional, string, text, time } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** The message that a quote answers, according to its sender. Look it up before showing it (spec §9.2). */
export interface QuoteOrigin {
  readonly sender: ID;
  /** The receiver, or the group of a group message. */
  readonly receiver?: ID;
  /** Type of its content as decimal text. */
  readonly type?: string;
  readonly sn?: number;
  /** Seconds since the epoch. */
  readonly time?: number;
}

/** An answer that quotes a message (spec §9.2). */
export interface QuoteBody {
  readonly text: string;
  readonly origin: QuoteOrigin;
}

/** A quote, type 55 (spec §9.2). */
export const Quote: ContentType<'quote', QuoteBody> = /* @__PURE__ */ defineContent({
  kind: 'quote',
  match: { type: '55' },
  schema: ({ id }) =>
    object({
      text: string,
      origin: object({
        sender: id,
        receiver: optional(id),
        type: optional(text),
        sn: optional(number),
        time: optional(time),
      }),
    }),
});
