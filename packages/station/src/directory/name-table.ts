import { RESERVED_NAMES } from '@dimp/endpoint';
import { fieldError, type MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { SERVICE_NAMES } from './service-names.ts';

/** Resolves short names for the routing of messages (spec §11.10). */
export interface Names {
  /** The bot or user with a short name; undefined if it is not assigned. */
  lookup(name: string): MaybePromise<ID | undefined>;
}

/** Text of at most 64 characters that could be the name in an ID. */
const NAME = /^[^\s@/\p{C}]{1,64}$/u;

/** The service that searches for users (spec §9.9), which is built into a station. */
const ARCHIVIST = 'archivist';

/**
 * The address-name service: short names assigned by the operator (spec §11.10). The station itself is `station`. It
 * also has the name in its ID, unless that is reserved or assigned, and the name `archivist`, which existing clients
 * ask for users, unless the operator has assigned it to a bot. Names are case-insensitive, so that two of them cannot
 * be confused.
 */
export class NameTable {
  readonly #ids = new Map<string, ID>();

  /**
   * @param station - the station's own ID
   * @param names - IDs by name, as assigned by the operator
   * @throws `format/field` for a name that is reserved or invalid, and for two that differ in case only
   */
  constructor(station: ID, names: Readonly<Record<string, ID>> = {}) {
    for (const [name, id] of Object.entries(names)) this.#add(name, id);
    const own = station.name === undefined ? undefined : foldName(station.name);
    if (own !== undefined && !isReserved(own) && !this.#ids.has(own)) this.#ids.set(own, station);
    this.#ids.set('station', station);
    if (!this.#ids.has(ARCHIVIST)) this.#ids.set(ARCHIVIST, station);
  }

  /** The ID of a short name; undefined if it is not assigned. */
  lookup(name: string): ID | undefined {
    const folded = foldName(name);
    return folded === undefined ? undefined : this.#ids.get(folded);
  }

  #add(name: string, id: ID): void {
    const folded = foldName(name);
    // Not the name itself: it may be anything.
    if (folded === undefined) throw fieldError('names', 'must contain valid short names only');
    if (isReserved(folded)) throw fieldError(`names.${folded}`, 'must not be a reserved word');
    if (this.#ids.has(folded))
      throw fieldError(`names.${folded}`, 'must be unique, whatever the case');
    if (id.isBroadcast) throw fieldError(`names.${folded}`, 'must be the ID of one user or group');
    this.#ids.set(folded, id);
  }
}

function isReserved(name: string): boolean {
  return RESERVED_NAMES.has(name) && !SERVICE_NAMES.has(name);
}

function foldName(name: string): string | undefined {
  return NAME.test(name) ? name.toLowerCase() : undefined;
}
