import type { EntityKey } from '@dimp/mkm';
import type { BulletinFacts, EntryOf } from './entry.ts';

/**
 * Returns who may administer a group after a checkpoint, with the time of their appointment in milliseconds. A bulletin that is
 * newer than the checkpoint replaces the set; those who stay keep their time.
 */
export function administratorsAt(
  founder: EntityKey,
  checkpoint: EntryOf<'list'>,
  bulletin: BulletinFacts | undefined,
): ReadonlyMap<EntityKey, number> {
  const { state } = checkpoint.act;
  const settled = state?.administrators ?? new Map<EntityKey, number>();
  const isNewer = bulletin !== undefined && bulletin.time > checkpoint.time;
  const found = new Map<EntityKey, number>();
  if (state === undefined) {
    // A deployed client does not say since when they are administrators.
    for (const each of bulletin?.administrators ?? []) found.set(each, 0);
  } else if (isNewer) {
    for (const each of bulletin.administrators) found.set(each, settled.get(each) ?? bulletin.time);
  } else {
    for (const [each, since] of settled) found.set(each, since);
  }
  found.delete(founder);
  return found;
}
