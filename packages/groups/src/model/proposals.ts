import type { EntityKey } from '@dimp/mkm';
import { type Entry, type EntryOf, isEntryOf } from './entry.ts';

/** People whom an owner or administrator may add: who asks to join, or whom a member proposes. */
export interface Proposal {
  readonly entry: EntryOf<'join'> | EntryOf<'invite'>;
  /** Those of them who are no members. */
  readonly users: readonly EntityKey[];
}

/** What the other entries say about proposals. */
export interface ProposalFacts {
  readonly present: ReadonlySet<EntityKey>;
  /** Names of the proposals that were accepted or refused. */
  readonly settled: ReadonlySet<string>;
  /** Names of the entries that count already: an administrator's invitation is no proposal. */
  readonly counted: ReadonlySet<string>;
}

/** Returns the open proposals among live entries. */
export function proposalsOf(
  live: readonly Entry[],
  { present, settled, counted }: ProposalFacts,
): readonly Proposal[] {
  const open: Proposal[] = [];
  for (const entry of live) {
    if (settled.has(entry.name) || counted.has(entry.name)) continue;
    if (isEntryOf(entry, 'join')) {
      if (!present.has(entry.issuer)) open.push({ entry, users: [entry.issuer] });
    } else if (isEntryOf(entry, 'invite') && present.has(entry.issuer)) {
      const users = [...new Set(entry.act.members)].filter((each) => !present.has(each));
      if (users.length > 0) open.push({ entry, users });
    }
  }
  return open;
}
