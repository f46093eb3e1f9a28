import type { Store, StoreKey } from '@dimp/core';
import { corruptRecord, decodePart, decodeRecord, encodeRecord } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { StationAddress } from './station-address.ts';

/**
 * Remembers which station was found at which address. Nothing else proves that it is still the same one (spec §14.1
 * #9).
 */
export class StationPins {
  readonly #store: Store;
  readonly #readID: (text: unknown) => ID;

  constructor(store: Store, readID: (text: unknown) => ID) {
    this.#store = store;
    this.#readID = readID;
  }

  /** @throws `store/` codes; `store/corrupt` for a record that cannot be read: then the station is not known */
  async get(address: StationAddress): Promise<ID | undefined> {
    const bytes = await this.#store.get(pathOf(address));
    if (bytes === undefined) return undefined;
    const text = decodeRecord(bytes, WHAT);
    if (typeof text !== 'string') throw corruptRecord(WHAT);
    return decodePart(WHAT, () => this.#readID(text));
  }

  /** @throws `store/` codes */
  async set(address: StationAddress, id: ID): Promise<void> {
    await this.#store.set(pathOf(address), encodeRecord(id.text));
  }
}

const WHAT = 'station of an address';

function pathOf({ host, port }: StationAddress): StoreKey {
  return ['station', `${host.toLowerCase()}:${port}`];
}
