import { nameOf } from '../live/share.ts';
import type { Patch, Step } from './messages.ts';
import { isPlainObject } from './plain.ts';

/**
 * Finds out how a snapshot has become the next one. Parts that are the same object have not changed, so the work is that of the
 * changed parts, and of one comparison for each element of a list.
 *
 * @returns undefined if nothing has changed
 */
export function diff(from: unknown, to: unknown): Patch | undefined {
  if (Object.is(from, to)) return undefined;
  if (Array.isArray(from) && Array.isArray(to)) return diffLists(from, to);
  if (isPlainObject(from) && isPlainObject(to)) return diffObjects(from, to);
  return { v: to };
}

function diffObjects(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): Patch | undefined {
  const changed: [string, Patch][] = [];
  for (const [name, value] of Object.entries(to)) {
    const patch = Object.hasOwn(from, name) ? diff(from[name], value) : { v: value };
    if (patch !== undefined) changed.push([name, patch]);
  }
  const removed = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  if (changed.length === 0 && removed.length === 0) return undefined;
  return { o: Object.fromEntries(changed), ...(removed.length > 0 ? { d: removed } : {}) };
}

function diffLists(from: readonly unknown[], to: readonly unknown[]): Patch | undefined {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && Object.is(from[head], to[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && Object.is(from.at(-1 - tail), to.at(-1 - tail))) tail += 1;
  const middle = diffNamed(
    from.slice(head, from.length - tail),
    to.slice(head, to.length - tail),
    head,
  );
  if (middle === undefined) return { v: to };
  if (middle.length === 0 && from.length === to.length) return undefined;
  const steps = new Steps();
  steps.copy(0, head);
  for (const step of middle) steps.add(step);
  steps.copy(from.length - tail, tail);
  return { a: steps.all };
}

/**
 * @param offset - index of the first element in the whole old list
 * @returns undefined for lists whose elements have no names of their own
 */
function diffNamed(
  from: readonly unknown[],
  to: readonly unknown[],
  offset: number,
): readonly Step[] | undefined {
  const old = indexByName(from);
  const names = indexByName(to);
  if (old === undefined || names === undefined) return undefined;
  const steps: Step[] = [];
  let changes = from.length !== to.length;
  for (const [name, index] of names) {
    const before = old.get(name);
    const value = to[index];
    if (before === undefined) steps.push({ i: value });
    else {
      const patch = diff(from[before], value);
      if (patch === undefined) steps.push([offset + before, 1]);
      else steps.push({ u: offset + before, p: patch });
      changes ||= patch !== undefined || before !== index;
    }
    changes ||= before === undefined;
  }
  return changes ? steps : [];
}

function indexByName(list: readonly unknown[]): Map<string, number> | undefined {
  const indexes = new Map<string, number>();
  for (const [index, each] of list.entries()) {
    const name = nameOf(each);
    if (name === undefined || indexes.has(name)) return undefined;
    indexes.set(name, index);
  }
  return indexes;
}

/** Joins copies of neighbours. */
class Steps {
  readonly all: Step[] = [];

  add(step: Step): void {
    if ('i' in step || 'u' in step) this.all.push(step);
    else this.copy(...step);
  }

  copy(start: number, count: number): void {
    if (count === 0) return;
    const last = this.all.at(-1);
    if (Array.isArray(last) && last[0] + last[1] === start) {
      this.all[this.all.length - 1] = [last[0], last[1] + count];
    } else this.all.push([start, count]);
  }
}
