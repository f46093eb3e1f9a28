import { type ContentType, defineContent } from '@dimp/dkd';
import { object, optional, string } from '@dimp/foundation/schema';
import { ignored } from '../fields/lenient.ts';
import { type Mentions, mentions } from '../fields/mentions.ts';
import { type LinkPreview, linkPreview } from '../fields/preview.ts';
import { vanish } from '../fields/vanish.ts';

/** A text message (spec §9.2). */
export interface TextBody {
  readonly text: string;
  /** A hint how to show it, such as `markdown`. */
  readonly format?: string;
  /** Who is named in the text; see `mentionsInside` of `@dimp/extensions/chat`. Older peers look for `@NICKNAME`. */
  readonly mentions?: Mentions;
  /** What the sender saw behind a link of the text. */
  readonly preview?: LinkPreview;
  /** Lifetime in seconds from the reading, 5 seconds to 90 days. Older peers keep the text. */
  readonly vanish?: number;
}

/**
 * Plain text, type 1 (spec §9.2).
 *
 * @example
 * ```ts
 * Text.create({ text: 'Hello' });
 * ```
 */
export const Text: ContentType<'text', TextBody> = /* @__PURE__ */ defineContent({
  kind: 'text',
  match: { type: '1' },
  schema: (context) =>
    object({
      text: string,
      format: optional(string),
      mentions: ignored(mentions(context)),
      preview: ignored(linkPreview),
      vanish: ignored(vanish),
    }),
});
