import type { Store, StoreKey } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { encodeRecord } from '@dimp/endpoint';
import { LruMap } from '@dimp/foundation';
import { directionKey, type ID, sameEntity } from '@dimp/mkm';

/** Limit on the pairs of user and peer in the cache. */
const REMEMBERED = 4096;

/**
 * Knows which peers a user accepts: contacts, peers the user has written to, and peers accepted without writing. All
 * others are strangers and get fewer answers: see `MessengerOptions.receipts`.
 */
export class Acceptance {
  readonly #facebook: Facebook;
  readonly #store: Store;
  readonly #accepted = new LruMap<string, true>(REMEMBERED);
  /** Whether a peer is a contact, until contacts change. */
  readonly #contacts = new LruMap<string, boolean>(REMEMBERED);
  #version = 0;
  /** The station we are connected to is accepted as well. */
  readonly #station: () => ID | undefined;

  constructor(facebook: Facebook, station: () => ID | undefined) {
    this.#facebook = facebook;
    this.#store = facebook.store;
    this.#station = station;
  }

  /** Whether a peer is a contact of a user, or the user themselves. */
  async isContact(user: ID, peer: ID): Promise<boolean> {
    if (sameEntity(user, peer)) return true;
    const name = nameOf(user, peer);
    const known = this.#contacts.get(name);
    if (known !== undefined) return known;
    const version = this.#version;
    const found = (await this.#facebook.contact(user, peer)) !== undefined;
    if (version === this.#version) this.#contacts.set(name, found);
    return found;
  }

  async has(user: ID, peer: ID): Promise<boolean> {
    if (sameEntity(user, peer)) return true;
    const station = this.#station();
    if (station !== undefined && sameEntity(station, peer)) return true;
    if (this.#accepted.get(nameOf(user, peer))) return true;
    if (await this.isContact(user, peer)) return true;
    const noted = await this.#store.get(pathOf(user, peer));
    // A peer who has confirmed a message of the user was written to, perhaps by a version that did not note it here.
    const introduced = noted ?? (await this.#store.get(['introduced', user.entity, peer.entity]));
    if (introduced === undefined) return false;
    this.#accepted.set(nameOf(user, peer), true);
    return true;
  }

  /** The contacts of users may have changed. */
  forgetContacts(): void {
    this.#version += 1;
    this.#contacts.clear();
  }

  /** Notes that a user accepts a peer. @returns false if the peer was accepted before */
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
