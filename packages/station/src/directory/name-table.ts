import { RESERVED_NAMES } from '@dimp/endpoint';
import { fieldError, type MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { SERVICE_NAMES } from './service-names.ts';

/** The address-name service as far as messages go through it (spec §11.10). */
export interface Names {
  /** The bot or user of a short name; undefined if nobody has it. */
  lookup(name: string): MaybePromise<ID | undefined>;
}

/** Text of at most 64 characters that could stand before the `@` of an ID. */
const NAME = /^[^\s@/\p{C}]{1,64}$/u;

/** The service that searches for users (spec §9.9): a station has that built in. */
const ARCHIVIST = 'archivist';

/**
 * The address-name service: short names that the operator has given (spec §11.10). The station itself is `station`, and
 * has the name in its ID unless that is reserved or given to somebody else; it is also `archivist`, whom existing clients
 * ask for users, unless the operator has given that name to a bot. Case does not matter: names that differ in
 * nothing else would be traps.
 */
export class NameTable {
  readonly #ids = new Map<string, ID>();

  /**
   * @param station - the station's own ID
   * @param names - what the operator gives: IDs by name
   * @throws `format/field` for a name that is reserved or no name, and for two that differ in case only
   */
  constructor(station: ID, names: Readonly<Record<string, ID>> = {}) {
    for (const [name, id] of Object.entries(names)) this.#add(name, id);
    const own = station.name === undefined ? undefined : foldName(station.name);
    if (own !== undefined && !isReserved(own) && !this.#ids.has(own)) this.#ids.set(own, station);
    this.#ids.set('station', station);
    if (!this.#ids.has(ARCHIVIST)) this.#ids.set(ARCHIVIST, station);
  }

  /** The ID of a short name; undefined if nobody has it. */
  lookup(name: string): ID | undefined {
    const folded = foldName(name);
    return folded === undefined ? undefined : this.#ids.get(folded);
  }

  #add(name: string, id: ID): void {
    const folded = foldName(name);
    // Not the name itself: it may be anything.
    if (folded === undefined) throw fieldError('names', 'has one that is no name');
    if (isReserved(folded)) throw fieldError(`names.${folded}`, 'is a reserved word');
    if (this.#ids.has(folded)) throw fieldError(`names.${folded}`, 'is there twice');
    if (id.isBroadcast) throw fieldError(`names.${folded}`, 'is no ID of somebody');
    this.#ids.set(folded, id);
  }
}

function isReserved(name: string): boolean {
  return RESERVED_NAMES.has(name) && !SERVICE_NAMES.has(name);
}

function foldName(name: string): string | undefined {
  return NAME.test(name) ? name.toLowerCase() : undefined;
}
