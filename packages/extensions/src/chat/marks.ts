import type { Content } from '@dimp/dkd';
import { ownMember } from '@dimp/foundation';
import { object, type Schema, schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { ignored } from '../fields/lenient.ts';
import { type Mentions, mentions } from '../fields/mentions.ts';
import { type QuoteOrigin, quoteOrigin } from '../fields/quote-origin.ts';
import { vanish } from '../fields/vanish.ts';

/** Members that any content that people see may have. */
export interface MessageMarks {
  readonly mentions?: Mentions;
  /** Lifetime in seconds from the reading. */
  readonly vanish?: number;
  /** The message that it answers. */
  readonly origin?: QuoteOrigin;
  /** Passed on by its sender; somebody else is the author of the words. */
  readonly forwarded: boolean;
  /** A picture that is shown as a sticker. */
  readonly sticker: boolean;
}

/** Reads what a content of any kind may say about itself. Members that cannot be read count as absent. */
export function marksOf(
  { type, wire }: Pick<Content, 'type' | 'wire'>,
  { parseID }: { parseID(text: unknown): ID },
): MessageMarks {
  const id: Schema<ID> = schema(parseID, ({ text }) => text);
  const marks = object({
    mentions: ignored(mentions({ id })),
    vanish: ignored(vanish),
    origin: ignored(quoteOrigin({ id })),
  });
  return {
    ...marks.decode(wire, 'content'),
    forwarded: ownMember(wire, 'forwarded') === true,
    sticker: type === '18' && ownMember(wire, 'action') === 'sticker',
  };
}
