import type { StoreKey } from '@dimp/core';
import type { EntityKey, ID } from '@dimp/mkm';

/** What is known of a group. */
export const groupPath = ({ entity }: Pick<ID, 'entity'>): StoreKey => ['group', entity];
/** The entries of a group, or one of them. */
export const entriesPath = ({ entity }: Pick<ID, 'entity'>): StoreKey => ['group-entry', entity];
export const entryPath = ({ entity }: Pick<ID, 'entity'>, name: string): StoreKey => [
  'group-entry',
  entity,
  name,
];
/** The list of members that the other parts of a program read. */
export const membersPath = ({ entity }: Pick<ID, 'entity'>): StoreKey => ['members', entity];

/** Name of the lock for changes of a group. */
export function groupLock(entity: EntityKey): string {
  return `group ${entity}`;
}
