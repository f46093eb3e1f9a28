/**
 * The contents of spec §9.2 as plug-ins, for messages of people and applications.
 *
 * @module
 */
import { ArrayContent, Forward } from '@dimp/dkd/commands';
import { Combine } from './contents/combine.ts';
import { Application, Customized } from './contents/customized.ts';
import { Audio, File, Image, Video } from './contents/file.ts';
import { Money, Transfer } from './contents/money.ts';
import { NameCard } from './contents/name-card.ts';
import { Page } from './contents/page.ts';
import { Quote } from './contents/quote.ts';
import { Text } from './contents/text.ts';

export type { ForwardBody } from '@dimp/dkd/commands';
export { type ArrayBody, MAX_ARRAY_CONTENTS } from '@dimp/dkd/commands';
export type { CombineBody, CombinedMessage } from './contents/combine.ts';
export type { CustomizedBody } from './contents/customized.ts';
export type { AudioBody, FileBody, ImageBody, VideoBody } from './contents/file.ts';
export type { MoneyBody, TransferBody } from './contents/money.ts';
export type { NameCardBody } from './contents/name-card.ts';
export type { PageBody } from './contents/page.ts';
export type { QuoteBody } from './contents/quote.ts';
export type { TextBody } from './contents/text.ts';
export type { Mention, Mentions } from './fields/mentions.ts';
export type { LinkPreview } from './fields/preview.ts';
export type { QuoteOrigin } from './fields/quote-origin.ts';
export {
  Application,
  ArrayContent,
  Audio,
  Combine,
  Customized,
  File,
  Forward,
  Image,
  Money,
  NameCard,
  Page,
  Quote,
  Text,
  Transfer,
  Video,
};

/** All contents of spec §9.2. */
export const standardContents: readonly [
  typeof Text,
  typeof File,
  typeof Image,
  typeof Audio,
  typeof Video,
  typeof Page,
  typeof NameCard,
  typeof Quote,
  typeof Money,
  typeof Transfer,
  typeof ArrayContent,
  typeof Combine,
  typeof Forward,
  typeof Customized,
  typeof Application,
] = [
  Text,
  File,
  Image,
  Audio,
  Video,
  Page,
  NameCard,
  Quote,
  Money,
  Transfer,
  ArrayContent,
  Combine,
  Forward,
  Customized,
  Application,
];
