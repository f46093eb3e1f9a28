import type { StoreKey } from '@dimp/core';

const KINDS = {
  meta: 'metaSaved',
  documents: 'documentSaved',
  members: 'membersSaved',
  contact: 'contactsChanged',
} as const;

/** What another tab has changed. */
export type ChangeElsewhere =
  /** Anything may have changed. */
  | { readonly kind: 'everything' }
  | { readonly kind: 'usersChanged' }
  /** Something of one entity; its name is as the path has it. */
  | { readonly kind: (typeof KINDS)[keyof typeof KINDS]; readonly name: string };

/**
 * What changed paths of a shared store mean for a facebook, each thing once: of many contacts of one user, one change
 * tells. Paths of others, such as those of a key store, mean nothing.
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
