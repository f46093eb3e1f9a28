import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';

/** Adds a member's second name, so that readers of either generation find it (spec §15.1). */
export function double(wire: JsonObject, name: string, second: string): JsonObject {
  const value = ownMember(wire, name);
  return value === undefined || Object.hasOwn(wire, second) ? wire : { ...wire, [second]: value };
}

/** Renames a member to its second name. */
export function rename(wire: JsonObject, name: string, second: string): JsonObject {
  if (!Object.hasOwn(wire, name)) return wire;
  const { [name]: value, ...rest } = wire;
  return Object.hasOwn(rest, second) ? rest : { ...rest, [second]: value };
}

/** Replaces a member that is an object. */
export function mapMember(
  wire: JsonObject,
  name: string,
  change: (inner: JsonObject) => Json,
): JsonObject {
  const inner = ownMember(wire, name);
  return isJsonObject(inner) ? { ...wire, [name]: change(inner) } : wire;
}

/** Replaces each object in a member that is a list. */
export function mapElements(
  wire: JsonObject,
  name: string,
  change: (inner: JsonObject) => Json,
): JsonObject {
  const inner = ownMember(wire, name);
  if (!Array.isArray(inner)) return wire;
  return {
    ...wire,
    [name]: inner.map((each: Json) => (isJsonObject(each) ? change(each) : each)),
  };
}

/** Returns the members with the given names, as far as they exist. */
export function pick(wire: JsonObject, names: readonly string[]): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const name of names) {
    const value = ownMember(wire, name);
    if (value !== undefined && value !== null) found[name] = value;
  }
  return found;
}

/** Returns the type of a meta under either of its two names: metas of 0.8 have `version` only (spec §6.2). */
export function metaType(meta: JsonObject): Json | undefined {
  return ownMember(meta, 'type') ?? ownMember(meta, 'version');
}
