type Plain = Readonly<Record<string, unknown>>;

/**
 * Freezes a snapshot of plain data, and takes from the snapshot before whatever has not changed. Equal content gives the same
 * object, so that a user interface redraws what has changed and nothing else.
 *
 * @param before - the snapshot before, frozen
 * @param after - the new one; its objects may become parts of the result
 */
export function share<T>(before: unknown, after: T): T {
  return sharedOf(before, after) as T;
}

function sharedOf(before: unknown, after: unknown): unknown {
  if (Object.is(before, after) || typeof after !== 'object' || after === null) return after;
  if (Array.isArray(after)) return shareList(Array.isArray(before) ? before : [], after, before);
  const members = isPlain(before) ? before : undefined;
  return shareObject(members, after as Plain);
}

function shareObject(before: Plain | undefined, after: Plain): Plain {
  const names = Object.keys(after);
  let same = before !== undefined && Object.keys(before).length === names.length;
  const shared: Record<string, unknown> = {};
  for (const name of names) {
    const old = before !== undefined && Object.hasOwn(before, name) ? before[name] : undefined;
    const value = sharedOf(old, after[name]);
    // Not by assignment: a name such as `__proto__` would set the prototype.
    Object.defineProperty(shared, name, { value, enumerable: true, configurable: true });
    same = same && Object.is(old, value) && before !== undefined && Object.hasOwn(before, name);
  }
  return same && before !== undefined ? before : Object.freeze(shared);
}

/** Elements with a name are compared with the element of that name, others with the one in their place. */
function shareList(before: readonly unknown[], after: readonly unknown[], whole: unknown): unknown {
  const named = new Map<string, unknown>();
  for (const each of before) {
    const name = nameOf(each);
    if (name !== undefined) named.set(name, each);
  }
  const shared = after.map((each, at) => {
    const name = nameOf(each);
    return sharedOf(name === undefined ? before[at] : named.get(name), each);
  });
  const same =
    before.length === shared.length && shared.every((each, at) => Object.is(each, before[at]));
  return same && Array.isArray(whole) ? whole : Object.freeze(shared);
}

/** The name of an element of a list: its `ref`, else its `id`. */
export function nameOf(element: unknown): string | undefined {
  if (!isPlain(element)) return undefined;
  const name = Object.hasOwn(element, 'ref') ? element['ref'] : element['id'];
  return typeof name === 'string' ? name : undefined;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
