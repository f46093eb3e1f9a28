import { type Content, type ContentType, defineContent, type UnknownContent } from '@dimp/dkd';
import { array, object, optional, string, time } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** A quoted message. It is not signed by its sender, so the author of the content can forge it (spec §9.2). */
export interface CombinedMessage {
  readonly sender: ID;
  readonly receiver?: ID;
  readonly group?: ID;
  /** Seconds since the epoch. */
  readonly time?: number;
  readonly content: Content | UnknownContent;
}

/** A piece of chat history (spec §9.2). */
export interface CombineBody {
  readonly title?: string;
  readonly messages: readonly CombinedMessage[];
}

/** Chat history in the clear, type 207 (spec §9.2). */
export const Combine: ContentType<'combine', CombineBody> = /* @__PURE__ */ defineContent({
  kind: 'combine',
  match: { type: '207' },
  schema: ({ id, content }) =>
    object({
      title: optional(string),
      messages: array(
        object({
          sender: id,
          receiver: optional(id),
          group: optional(id),
          time: optional(time),
          content,
        }),
      ),
    }),
});
