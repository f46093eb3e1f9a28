import type { Store, StoreKey } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { encodeRecord } from '@dimp/endpoint';
import { LruMap } from '@dimp/foundation';
import { directionKey, type ID, sameEntity } from '@dimp/mkm';

/** Pairs of user and peer whose acceptance is remembered in memory. */
const REMEMBERED = 4096;

/**
 * Whom a user knows: contacts, those the user has written to, and those the user has accepted without writing. Everybody
 * else is a stranger, and is told less: see `MessengerOptions.receipts`.
 */
export class Acceptance {
  readonly #facebook: Facebook;
  readonly #store: Store;
  readonly #accepted = new LruMap<string, true>(REMEMBERED);
  /** The station that was dialled is asked by ourselves. */
  readonly #station: () => ID | undefined;

  constructor(facebook: Facebook, station: () => ID | undefined) {
    this.#facebook = facebook;
    this.#store = facebook.store;
    this.#station = station;
  }

  async has(user: ID, peer: ID): Promise<boolean> {
    if (sameEntity(user, peer)) return true;
    const station = this.#station();
    if (station !== undefined && sameEntity(station, peer)) return true;
    if (this.#accepted.get(nameOf(user, peer))) return true;
    if ((await this.#facebook.contact(user, peer)) !== undefined) return true;
    const noted = await this.#store.get(pathOf(user, peer));
    // Who has confirmed a message of the user's was written to, perhaps before this was noted here.
    const introduced = noted ?? (await this.#store.get(['introduced', user.entity, peer.entity]));
    if (introduced === undefined) return false;
    this.#accepted.set(nameOf(user, peer), true);
    return true;
  }

  /** Notes that a user accepts a peer. @returns false if that was known */
  async accept(user: ID, peer: ID): Promise<boolean> {
    const name = nameOf(user, peer);
    if (this.#accepted.get(name) || peer.isGroup || peer.isBroadcast) return false;
    if ((await this.#store.get(pathOf(user, peer))) === undefined) {
      await this.#store.set(pathOf(user, peer), encodeRecord(true));
    }
    this.#accepted.set(name, true);
    return true;
  }
}

function nameOf(user: ID, peer: ID): string {
  return directionKey(user, peer);
}

function pathOf(user: ID, peer: ID): StoreKey {
  return ['accepted', user.entity, peer.entity];
}
