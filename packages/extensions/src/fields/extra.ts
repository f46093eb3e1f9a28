import type { Json, JsonObject } from '@dimp/foundation';

/** Members of every content or command. They are never a part of `extra`. */
const COMMON: readonly string[] = ['type', 'sn', 'time', 'group', 'command', 'cmd'];

/**
 * Returns the members of a content that its type does not read, for bodies with members of an application.
 *
 * @param named - members that the type reads itself
 * @returns undefined if there are none
 */
export function readExtra(wire: JsonObject, named: readonly string[]): JsonObject | undefined {
  // A spread instead of assignments, so that a member named __proto__ stays data.
  const extra: Record<string, Json | undefined> = { ...wire };
  for (const name of [...COMMON, ...named]) delete extra[name];
  return Object.keys(extra).length === 0 ? undefined : extra;
}

/**
 * Checks the members of an application before they are written.
 *
 * @throws `TypeError` for the name of a member of the protocol
 */
export function writeExtra(extra: JsonObject | undefined, named: readonly string[]): JsonObject {
  const taken = Object.keys(extra ?? {}).find(
    (name) => COMMON.includes(name) || named.includes(name),
  );
  if (taken !== undefined) throw new TypeError(`extra must not have the member "${taken}"`);
  return extra ?? {};
}
