import { fieldError } from '@dimp/foundation';
import { object, type Schema, schema, string } from '@dimp/foundation/schema';
import { cutText, ignored } from './lenient.ts';

/** Most characters of the URL of a preview. */
const MAX_URL = 2048;
/** Most characters of a title and a description. */
const MAX_WORDS = 500;
/** Most characters of the data URI of an icon. */
const MAX_ICON = 16_384;

/** What the sender saw behind a link. Readers show it and fetch nothing, so that nobody learns who reads. */
export interface LinkPreview {
  /** `https:` or `http:`. */
  readonly URL: string;
  readonly title?: string;
  readonly desc?: string;
  /** Data URI of a PNG, JPEG, GIF or WebP of at most 16 KiB of text. */
  readonly icon?: string;
}

/** Schema of {@link LinkPreview}. Icons that are no data URI are left out. */
export const linkPreview: Schema<LinkPreview> = /* @__PURE__ */ object({
  URL: /* @__PURE__ */ matching(/^https?:\/\/[^\s]+$/i, MAX_URL),
  title: /* @__PURE__ */ ignored(/* @__PURE__ */ cutText(MAX_WORDS)),
  desc: /* @__PURE__ */ ignored(/* @__PURE__ */ cutText(MAX_WORDS)),
  icon: /* @__PURE__ */ ignored(
    /* @__PURE__ */ matching(
      /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/,
      MAX_ICON,
    ),
  ),
});

function matching(pattern: RegExp, max: number): Schema<string> {
  return schema(
    (value, field) => {
      const text = string.decode(value, field);
      if (text.length > max || !pattern.test(text)) {
        throw fieldError(field, `must be of its form and of at most ${max} characters`);
      }
      return text;
    },
    (value) => value,
  );
}
