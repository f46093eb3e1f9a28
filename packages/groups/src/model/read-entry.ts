import type { Content } from '@dimp/dkd';
import type {
  ExpelBody,
  GroupState,
  InviteBody,
  ResetBody,
  ReviewBody,
  SeenRemovals,
} from '@dimp/extensions/groups';
import { definedOnly } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { NAME_LENGTH } from './digest.ts';
import { type Act, type CheckpointState, type Entry, MAX_MEMBERS, wholeMs } from './entry.ts';

/** Kinds of the contents that can be entries. */
export const ENTRY_KINDS: readonly string[] = [
  'invite',
  'expel',
  'review',
  'join',
  'quit',
  'resign',
  'reset',
];

/**
 * Reads an entry of a signed message that was verified. The caller checks the group.
 *
 * @param id - name of the message: 44 characters of Base64
 * @returns undefined for a content that is no entry, such as a projection
 */
export function readEntry(
  id: string,
  issuer: ID,
  { kind, body, time }: Pick<Content, 'kind' | 'body' | 'time'>,
): Entry | undefined {
  const act = readAct(kind, body);
  if (act === undefined || time === undefined || !(time > 0)) return undefined;
  return { name: id.slice(0, NAME_LENGTH), issuer: issuer.entity, time: wholeMs(time), act };
}

function readAct(kind: string, body: unknown): Act | undefined {
  switch (kind) {
    case 'invite':
      return readInvite(body as InviteBody);
    case 'expel': {
      const { members, change } = body as ExpelBody;
      // Deployed clients neither send nor obey it.
      return change === undefined ? undefined : { kind: 'remove', members: entities(members) };
    }
    case 'review':
      return { kind: 'review', declines: (body as ReviewBody).change.declines ?? [] };
    case 'reset':
      return readReset(body as ResetBody);
    case 'join':
    case 'quit':
    case 'resign':
      return { kind };
    default:
      return undefined;
  }
}

function readInvite({ members, change }: InviteBody): Act | undefined {
  const users = entities(members);
  if (users.length > MAX_MEMBERS) return undefined;
  if (change === undefined) return { kind: 'invite', members: users };
  return {
    kind: 'add',
    members: users,
    over: readOver(change.over ?? []),
    answers: change.answers ?? [],
  };
}

function readReset({ members, state, projects }: ResetBody): Act | undefined {
  const users = entities(members);
  if (projects !== undefined || users.length > MAX_MEMBERS) return undefined;
  if (state === undefined) return { kind: 'list', members: users };
  return { kind: 'list', members: users, state: readState(state) };
}

function readState({
  floor,
  folds,
  administrators,
  policy,
  previous,
}: GroupState): CheckpointState {
  return {
    floor: wholeMs(floor),
    folds: new Set(folds),
    administrators: new Map(administrators.map(({ id, since }) => [id.entity, wholeMs(since)])),
    policy,
    ...definedOnly({ previous }),
  };
}

function readOver(list: readonly SeenRemovals[]): ReadonlyMap<EntityKey, readonly string[]> {
  const over = new Map<EntityKey, readonly string[]>();
  for (const { member, removals } of list) {
    over.set(member.entity, [...(over.get(member.entity) ?? []), ...removals]);
  }
  return over;
}

/** IDs without terminal, each once. */
function entities(list: readonly ID[]): readonly EntityKey[] {
  return [...new Set(list.map(({ entity }) => entity))];
}
