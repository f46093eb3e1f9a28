import { type RefParts, refOf } from '@dimp/extensions/chat';
import type { MaybePromise } from '@dimp/foundation';
import type { TargetName } from './annotation.ts';

/** The messages of one conversation, as far as a target is looked for. */
export interface TargetIndex<M> {
  byRef(ref: string): MaybePromise<M | undefined>;
  /**
   * Messages of an author with this serial number; two are enough. Serial numbers repeat, so several are none.
   *
   * @param author - an entity
   */
  bySerial(author: string, sn: number): MaybePromise<readonly M[]>;
}

/**
 * Finds the message that an annotation is about: by its ref; else by author, serial number and time, of which older programs
 * round the last; else by author and serial number, if only one message has them. Messages of other conversations are not found.
 */
export async function findTarget<M>(
  { refs, author, sn }: TargetName,
  index: TargetIndex<M>,
): Promise<M | undefined> {
  for (const ref of refs) {
    const found = await index.byRef(ref);
    if (found !== undefined) return found;
  }
  if (author === undefined || sn === undefined) return undefined;
  const [first, second] = await index.bySerial(author, sn);
  return second === undefined ? first : undefined;
}

/** The ref of a message, and those that it has if its time was rounded to a millisecond next to it. */
export function refsAround({ sender, sn, time }: RefParts): readonly string[] {
  return [0, -1, 1].map((off) => refOf({ sender, sn, time: time + off / 1000 }));
}
