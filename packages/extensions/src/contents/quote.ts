import { type ContentType, defineContent } from '@dimp/dkd';
import { object, string } from '@dimp/foundation/schema';
import { type QuoteOrigin, quoteOrigin } from '../fields/quote-origin.ts';

/** An answer that quotes a message (spec §9.2). */
export interface QuoteBody {
  readonly text: string;
  readonly origin: QuoteOrigin;
}

/** A quote, type 55 (spec §9.2). `replyBody` of `@dimp/extensions/chat` makes its body. */
export const Quote: ContentType<'quote', QuoteBody> = /* @__PURE__ */ defineContent({
  kind: 'quote',
  match: { type: '55' },
  schema: (context) => object({ text: string, origin: quoteOrigin(context) }),
});
