import type { StoreKey } from '@dimp/core';

const KINDS = {
  meta: 'metaSaved',
  documents: 'documentSaved',
  members: 'membersSaved',
  contact: 'contactsChanged',
} as const;

/** A change by another tab. */
export type ChangeElsewhere =
  /** Anything may have changed. */
  | { readonly kind: 'everything' }
  | { readonly kind: 'usersChanged' }
  /** A change of one entity, named as in the path. */
  | { readonly kind: (typeof KINDS)[keyof typeof KINDS]; readonly name: string };

/**
 * Translates changed paths of a shared store into changes of a facebook, without duplicates. Ignores paths of other parts, such as
 * a key store.
 */
export function changesElsewhere(keys: readonly StoreKey[]): readonly ChangeElsewhere[] {
  if (keys.some((key) => key.length === 0)) return [{ kind: 'everything' }];
  const changes = new Map<string, ChangeElsewhere>();
  for (const [area, name] of keys) {
    if (area === undefined) continue;
    if (area === 'identity' || area === 'current-user') {
      changes.set('users', { kind: 'usersChanged' });
    } else if (name !== undefined && Object.hasOwn(KINDS, area)) {
      const kind = KINDS[area as keyof typeof KINDS];
      changes.set(`${kind} ${name}`, { kind, name });
    }
  }
  return [...changes.values()];
}
