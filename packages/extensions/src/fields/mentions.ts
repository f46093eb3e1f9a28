import type { ContentContext } from '@dimp/dkd';
import { alias, lenientArray, object, type Schema, schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { wholeNumber } from './limited.ts';

/** Most mentions of one message. */
const MAX_MENTIONS = 64;

/** A user who is named in a text. */
export interface Mention {
  readonly did: ID;
  /** Where the name begins in the text, in UTF-16 units. */
  readonly at: number;
  /** How long it is, in UTF-16 units. */
  readonly length: number;
}

/** Who is mentioned: single users, or all members of the group. */
export type Mentions = 'all' | readonly Mention[];

/** Schema of {@link Mentions}. Damaged entries are left out. */
export function mentions({ id }: Pick<ContentContext, 'id'>): Schema<Mentions> {
  const list = lenientArray(
    object({ did: alias(id, 'ID'), at: wholeNumber(0), length: wholeNumber(1) }),
    MAX_MENTIONS,
  );
  return schema<Mentions>(
    (value, field) => (value === 'all' ? 'all' : list.decode(value, field)),
    (value) => (value === 'all' ? 'all' : list.encode(value)),
  );
}

/** The mentions that lie inside the text and do not overlap, in their order. */
export function mentionsInside(text: string, listed: readonly Mention[]): readonly Mention[] {
  const kept: Mention[] = [];
  let end = 0;
  for (const mention of [...listed].sort((a, b) => a.at - b.at)) {
    if (mention.at < end || mention.at + mention.length > text.length) continue;
    kept.push(mention);
    end = mention.at + mention.length;
  }
  return kept;
}
