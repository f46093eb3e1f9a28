import type { Brand } from '@dimp/foundation';
import type { Address } from './address.ts';
import { entityTypeOf, isGroupType } from './entity-type.ts';

/**
 * The key by which an entity is compared and stored: `name@canonicalAddress`, without terminal (spec §5). Maps, member lists
 * and permission tests use nothing else.
 */
export type EntityKey = Brand<string, 'EntityKey'>;

/** An entity's ID: `name@address/terminal` (spec §5). Plain, frozen data; made by `parseID` only. */
export interface ID {
  /** The spelling as received, which is also written to the wire. */
  readonly text: string;
  readonly name: string | undefined;
  readonly address: Address;
  /** Label of a device; not a part of the identity. */
  readonly terminal: string | undefined;
  /** `name@canonicalAddress`, for comparing and storing. */
  readonly entity: EntityKey;
  /** Kind of entity, mapped from legacy network bytes (spec §4.5); see `EntityType`. */
  readonly type: number;
  readonly isGroup: boolean;
  readonly isUser: boolean;
  readonly isBroadcast: boolean;
  /** Returns the text, for template strings and logs. */
  toString(): string;
  /** Returns the text, the form of an ID in JSON. */
  toJSON(): string;
}

const PROTOTYPE = /* @__PURE__ */ Object.freeze({
  toString(this: ID): string {
    return this.text;
  },
  toJSON(this: ID): string {
    return this.text;
  },
});

/** The parts of an ID. */
export interface IDParts {
  readonly name?: string | undefined;
  readonly address: Address;
  readonly terminal?: string | undefined;
}

/** Creates an ID. `text` is the spelling to keep; without it the parts are written canonically. */
export function makeID(parts: IDParts, text?: string): ID {
  const { address } = parts;
  const name = foldReservedName(parts.name || undefined, address);
  const terminal = parts.terminal || undefined;
  const entity = (name === undefined ? '' : `${name}@`) + address.canonical;
  const type = entityTypeOf(address.network);
  const isGroup = isGroupType(type);
  const id: Omit<ID, 'toString' | 'toJSON'> = {
    text: text ?? (terminal === undefined ? entity : `${entity}/${terminal}`),
    name,
    address,
    terminal,
    entity: entity as EntityKey,
    type,
    isGroup,
    isUser: !isGroup,
    isBroadcast: address.broadcast,
  };
  return Object.freeze(Object.assign(Object.create(PROTOTYPE), id)) as ID;
}

/** Lower-cases the names of ANYONE, EVERYONE and FOUNDER, which match in any case; keeps other names (spec §5). */
function foldReservedName(name: string | undefined, address: Address): string | undefined {
  if (name === undefined || !address.broadcast) return name;
  const lower = name.toLowerCase();
  const reserved =
    address.canonical === 'everywhere'
      ? lower === 'everyone'
      : lower === 'anyone' || lower === 'moky';
  return reserved ? lower : name;
}

/** Whether two IDs belong to the same entity; the terminal does not matter (spec §5). */
export function sameEntity(a: ID, b: ID): boolean {
  return a.entity === b.entity;
}

/**
 * A map key for one direction between two entities: `directionKey(a, b)` differs from `directionKey(b, a)`. The separator
 * is NUL, which an ID cannot contain.
 */
export function directionKey(from: ID, to: ID): string {
  return `${from.entity}\u0000${to.entity}`;
}
