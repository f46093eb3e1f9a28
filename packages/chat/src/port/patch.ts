import { ProtocolError } from '@dimp/foundation';
import type { Patch, Step } from './messages.ts';
import { isPlainObject } from './plain.ts';

/**
 * Applies a patch. Parts that have not changed are the same objects as before.
 *
 * @throws `format/field` for a patch of another value
 */
export function applyPatch(base: unknown, patch: Patch): unknown {
  if ('v' in patch) return patch.v;
  if ('a' in patch) return patchedList(base, patch.a);
  if (!isPlainObject(base)) throw otherValue();
  const next = { ...base };
  for (const name of patch.d ?? []) delete next[name];
  for (const [name, each] of Object.entries(patch.o)) {
    const value = applyPatch(Object.hasOwn(base, name) ? base[name] : undefined, each);
    // Not by assignment: a name such as `__proto__` would set the prototype.
    Object.defineProperty(next, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return next;
}

function patchedList(base: unknown, steps: readonly Step[]): readonly unknown[] {
  if (!Array.isArray(base)) throw otherValue();
  const next: unknown[] = [];
  for (const step of steps) {
    if ('i' in step) next.push(step.i);
    else if ('u' in step) next.push(applyPatch(base[step.u], step.p));
    else {
      const [start, count] = step;
      if (!(start >= 0 && start + count <= base.length)) throw otherValue();
      for (const each of base.slice(start, start + count)) next.push(each);
    }
  }
  return next;
}

function otherValue(): ProtocolError<'format/field'> {
  return new ProtocolError('format/field', 'patch must belong to the value before it');
}
