import { type JsonObject, ownMember } from '@dimp/foundation';

/** What members of a group may do (spec §20.11). */
export interface GroupPolicy {
  /** Who may invite: `members` means that the programs of owner and administrators accept the invitations of members. */
  readonly invite: 'admins' | 'members';
  /** How others may join: not at all, by a request, or by a link that a member has made. */
  readonly join: 'closed' | 'request' | 'link';
  /** Who may speak. */
  readonly speak: 'members' | 'admins';
  /** How long messages stay after they were read, in seconds; 0 for ever. */
  readonly timer: number;
}

/** The policy of a group that has none, such as one of a deployed client. */
export const DEFAULT_POLICY: GroupPolicy = /* @__PURE__ */ Object.freeze({
  invite: 'admins',
  join: 'closed',
  speak: 'members',
  timer: 0,
});

/** Longest time that messages stay, in seconds: 90 days. */
const MAX_TIMER = 90 * 86_400;

/** Reads a policy. Unknown values count as absent. */
export function readPolicy(wire: JsonObject): GroupPolicy {
  const { invite, join, speak, timer } = DEFAULT_POLICY;
  const seconds = ownMember(wire, 'timer');
  const isTimer =
    typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds >= 0 &&
    seconds <= MAX_TIMER;
  return {
    invite: oneOf(wire, 'invite', ['admins', 'members']) ?? invite,
    join: oneOf(wire, 'join', ['closed', 'request', 'link']) ?? join,
    speak: oneOf(wire, 'speak', ['members', 'admins']) ?? speak,
    timer: isTimer ? seconds : timer,
  };
}

function oneOf<const T extends string>(
  wire: JsonObject,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = ownMember(wire, name);
  return allowed.find((each) => each === value);
}
