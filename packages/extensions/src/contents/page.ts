import { type ContentType, defineContent } from '@dimp/dkd';
import { object, optional, string } from '@dimp/foundation/schema';
import type { PortableNetworkFile } from '@dimp/mkm';
import { networkFile } from '../fields/network-file.ts';

/** A web page: a link, or the page itself (spec §9.2). */
export interface PageBody {
  /** A peer chose the URL, so show it before opening it. */
  readonly URL?: string;
  readonly title?: string;
  /** A short description. */
  readonly desc?: string;
  readonly icon?: PortableNetworkFile;
  /** The page instead of a link. It is untrusted: show it in a sandbox without scripts only. */
  readonly HTML?: string;
  /** Media type of `HTML`, such as `text/html`. */
  readonly mime_type?: string;
  /** Character encoding of `HTML`. */
  readonly encoding?: string;
  /** Base URL of links in `HTML`. */
  readonly base?: string;
}

/** A web page, type 32 (spec §9.2). */
export const Page: ContentType<'page', PageBody> = /* @__PURE__ */ defineContent({
  kind: 'page',
  match: { type: '32' },
  schema: () =>
    object({
      URL: optional(string),
      title: optional(string),
      desc: optional(string),
      icon: networkFile(),
      HTML: optional(string),
      mime_type: optional(string),
      encoding: optional(string),
      base: optional(string),
    }),
});
