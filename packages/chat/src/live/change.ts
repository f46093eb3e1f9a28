import type { Change } from './live.ts';
import { nameOf } from './share.ts';

/**
 * Tells how one snapshot of a list became another. Elements that have only moved count as unchanged.
 *
 * @param before - undefined for the first snapshot
 */
export function changeBetween(
  before: readonly unknown[] | undefined,
  after: readonly unknown[] | undefined,
): Change {
  if (before === undefined || after === undefined) return { kind: 'reset' };
  const old = new Map<string, unknown>();
  for (const each of before) old.set(nameOf(each) ?? '', each);
  const inserted: string[] = [];
  const updated: string[] = [];
  for (const each of after) {
    const name = nameOf(each) ?? '';
    if (!old.has(name)) inserted.push(name);
    else if (old.get(name) !== each) updated.push(name);
    old.delete(name);
  }
  return { kind: 'patch', inserted, updated, removed: [...old.keys()] };
}
