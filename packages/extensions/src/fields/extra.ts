import type { Json, JsonObject } from '@dimp/foundation';

/** Members that every content or command has; they are never part of `extra`. */
const COMMON: readonly string[] = ['type', 'sn', 'time', 'group', 'command', 'cmd'];

/**
 * The members of a content that its type does not name, for bodies that carry an application's own members.
 *
 * @param named - members that the type reads itself
 * @returns undefined if there are none
 */
export function readExtra(wire: JsonObject, named: readonly string[]): JsonObject | undefined {
  // A spread and not assignments: a member called __proto__ must stay data.
  const extra: Record<string, Json | undefined> = { ...wire };
  for (const name of [...COMMON, ...named]) delete extra[name];
  return Object.keys(extra).length === 0 ? undefined : extra;
}

/**
 * Checks an application's own members before they are written beside the others.
 *
 * @throws `TypeError` for a name that would replace a member of the protocol.
 */
export function writeExtra(extra: JsonObject | undefined, named: readonly string[]): JsonObject {
  const taken = Object.keys(extra ?? {}).find(
    (name) => COMMON.includes(name) || named.includes(name),
  );
  if (taken !== undefined) throw new TypeError(`extra must not have the member "${taken}"`);
  return extra ?? {};
}
