import type { Address } from './address.ts';
import { broadcastAddress } from './broadcast-address.ts';
import { type ID, makeID } from './id.ts';

function word(text: string): Address {
  return broadcastAddress.parse(text) as Address;
}

function anywhere(name: string): ID {
  return makeID({ name, address: word('anywhere') });
}

function everywhere(name: string): ID {
  return makeID({ name, address: word('everywhere') });
}

/** `anyone@anywhere`: any user; group commands are addressed to it (spec §5, §9.14). */
export const ANYONE: ID = /* @__PURE__ */ anywhere('anyone');
/** `everyone@everywhere`: all users (spec §5). */
export const EVERYONE: ID = /* @__PURE__ */ everywhere('everyone');
/** `moky@anywhere`: the founder of broadcast groups (spec §5). */
export const FOUNDER: ID = /* @__PURE__ */ anywhere('moky');
/** `station@anywhere`: the station of the current connection (spec §5). */
export const ANY_STATION: ID = /* @__PURE__ */ anywhere('station');
/** `stations@everywhere`: all stations (spec §5). */
export const EVERY_STATION: ID = /* @__PURE__ */ everywhere('stations');

/** `NAME@anywhere`: a service that a station knows by its name, such as `archivist` (spec §11.10). */
export function anyNamed(name: string): ID {
  return anywhere(name);
}

/** Founder, owner and members of a broadcast group. */
export interface BroadcastGroupRoles {
  readonly founder: ID;
  readonly owner: ID;
  readonly members: readonly ID[];
}

/**
 * Returns founder, owner and members of `X@everywhere`, which follow from its name (spec §5).
 *
 * @throws `TypeError` for an ID that is not a broadcast group
 */
export function broadcastGroupRoles(group: ID): BroadcastGroupRoles {
  if (!group.isBroadcast || !group.isGroup)
    throw new TypeError('the ID must be that of a broadcast group');
  const { name } = group;
  if (name === undefined || name.toLowerCase() === 'everyone') {
    return { founder: FOUNDER, owner: ANYONE, members: [ANYONE] };
  }
  const owner = anywhere(`${name}.owner`);
  return {
    founder: anywhere(`${name}.founder`),
    owner,
    members: [owner, anywhere(`${name}.member`)],
  };
}
