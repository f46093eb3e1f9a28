import { type ContentType, defineContent } from '@dimp/dkd';
import { object, optional, string } from '@dimp/foundation/schema';

/** A text message (spec §9.2). */
export interface TextBody {
  readonly text: string;
  /** A hint how to show it, such as `markdown`. */
  readonly format?: string;
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
  schema: () => object({ text: string, format: optional(string) }),
});
