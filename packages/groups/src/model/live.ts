import type { EntityKey } from '@dimp/mkm';
import {
  compareEntries,
  type Entry,
  type EntryOf,
  isEntryOf,
  MAX_LIVE_PER_ISSUER,
} from './entry.ts';

/** Returns the newest checkpoint of the founder: a list, with a state or from a deployed client. */
export function newestCheckpoint(
  founder: EntityKey,
  entries: Iterable<Entry>,
): EntryOf<'list'> | undefined {
  let newest: EntryOf<'list'> | undefined;
  for (const entry of entries) {
    if (!isCheckpoint(founder, entry)) continue;
    if (newest === undefined || compareEntries(entry, newest) > 0) newest = entry;
  }
  return newest;
}

/** Whether an entry is a checkpoint. */
export function isCheckpoint(founder: EntityKey, entry: Entry): entry is EntryOf<'list'> {
  return isEntryOf(entry, 'list') && entry.issuer === founder && entry.act.members[0] === founder;
}

/** Returns the time in milliseconds up to which entries do not count after a checkpoint. */
export function floorOf({ time, act: { state } }: EntryOf<'list'>): number {
  return state?.floor ?? time - 1;
}

/**
 * Returns the entries that a checkpoint has not settled, in their order. Of one issuer, the oldest count.
 */
export function liveEntries(
  founder: EntityKey,
  checkpoint: EntryOf<'list'>,
  entries: Iterable<Entry>,
): readonly Entry[] {
  const floor = floorOf(checkpoint);
  const folds = checkpoint.act.state?.folds;
  const open: Entry[] = [];
  for (const entry of entries) {
    if (entry.time <= floor || folds?.has(entry.name)) continue;
    if (entry.issuer === founder && entry.act.kind === 'list') continue;
    open.push(entry);
  }
  open.sort(compareEntries);
  const count = new Map<EntityKey, number>();
  return open.filter(({ issuer }) => {
    if (issuer === founder) return true;
    const before = count.get(issuer) ?? 0;
    count.set(issuer, before + 1);
    return before < MAX_LIVE_PER_ISSUER;
  });
}
