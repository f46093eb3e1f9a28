import { type Clock, type Store, type StoreChange, type StoreKey, withLock } from '@dimp/core';
import { sha256 } from '@dimp/crypto/digests';
import { corruptRecord, decodePart, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { encodeBase64Url, isProtocolError, ProtocolError, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { checkLinkMac, newLinkToken, readLinkToken } from '../links/link-token.ts';

/** Most links of a user that can be used at a time: each is tried with each proof that arrives. */
const MAX_TOKENS = 256;
const DAY_MS = 24 * 60 * 60_000;
const AREA = 'link-token';

/** A link with a token. */
export interface StoredToken {
  /** Name of the record. */
  readonly id: string;
  readonly token: string;
  readonly uses: number;
  readonly left: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** Entities of those who have used it. */
  readonly guests: readonly string[];
}

/** The proof of a guest that they have seen a link. */
export interface LinkProof {
  readonly mac: string;
  readonly guest: ID;
  readonly inviter: ID;
}

/** Name of the lock of a user's tokens. */
export function tokenLock(user: string): string {
  return `${AREA} ${user}`;
}

/** The tokens of a user's links, one record each. */
export class LinkTokens {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #user: string;

  /** @param user - entity */
  constructor(store: Store, clock: Clock, user: string) {
    this.#store = store;
    this.#clock = clock;
    this.#user = user;
  }

  /**
   * Makes a token.
   *
   * @throws `policy/rate-limited` if there are too many
   */
  make(uses: number, days: number): Promise<string> {
    return withLock(this.#store, tokenLock(this.#user), async () => {
      const usable = await this.#prune();
      if (usable >= MAX_TOKENS) {
        throw new ProtocolError('policy/rate-limited', 'there are too many links; revoke one', {
          details: { limit: 'links', max: MAX_TOKENS },
        });
      }
      const token = newLinkToken();
      const until = this.#clock.now() + days * DAY_MS;
      const id = encodeBase64Url(sha256(utf8Encode(token)).slice(0, 9));
      await this.#store.set(
        this.#path(id),
        encode({ id, token, uses, left: uses, until, guests: [] }),
      );
      return token;
    });
  }

  /** The tokens that can still be used, the oldest first. */
  async list(): Promise<readonly StoredToken[]> {
    const now = this.#clock.now();
    const tokens = await this.#all(this.#store);
    return tokens.filter(({ until }) => until > now).sort((a, b) => a.until - b.until);
  }

  async revoke(id: string): Promise<void> {
    await withLock(this.#store, tokenLock(this.#user), async () => {
      if (/^[A-Za-z0-9_-]{12}$/.test(id)) await this.#store.delete(this.#path(id));
    });
  }

  /**
   * Finds the token of a proof, and what its use changes. The caller holds the lock.
   *
   * @param store - reads what is not written yet too
   * @returns undefined for a proof that no token has made, and for one that was used by this guest before
   */
  async use(
    { mac, guest, inviter }: LinkProof,
    store: Pick<Store, 'list'>,
  ): Promise<
    { readonly token: StoredToken; readonly changes: readonly StoreChange[] } | undefined
  > {
    const now = this.#clock.now();
    const tokens = await this.#all(store);
    // All are tried, so that the time tells nothing of which one it was.
    const [found] = tokens.filter(
      (each) => checkLinkMac(mac, each.token, { guest, inviter }) && each.until > now,
    );
    if (found === undefined || found.guests.includes(guest.entity)) return undefined;
    const left = found.left - 1;
    const key = this.#path(found.id);
    const next = { ...found, left, guests: [...found.guests, guest.entity] };
    const change: StoreChange =
      left > 0 ? { type: 'set', key, value: encode(next) } : { type: 'delete', key };
    return { token: found, changes: [change] };
  }

  /** Removes expired tokens. @returns how many are left */
  async #prune(): Promise<number> {
    const now = this.#clock.now();
    let usable = 0;
    for (const { id, until } of await this.#all(this.#store)) {
      if (until > now) usable += 1;
      else await this.#store.delete(this.#path(id));
    }
    return usable;
  }

  async #all(store: Pick<Store, 'list'>): Promise<StoredToken[]> {
    const tokens: StoredToken[] = [];
    for await (const [[, , id = ''], bytes] of store.list([AREA, this.#user])) {
      const token = readable(id, bytes);
      if (token !== undefined) tokens.push(token);
    }
    return tokens;
  }

  #path(id: string): StoreKey {
    return [AREA, this.#user, id];
  }
}

function encode({ id: _, guests, ...rest }: StoredToken): Uint8Array {
  return encodeRecord({ ...rest, guests: [...guests] });
}

/** A damaged link cannot be used, and must not keep the messages of guests from being taken in. */
function readable(id: string, bytes: Uint8Array): StoredToken | undefined {
  try {
    return decode(id, bytes);
  } catch (error) {
    if (!isProtocolError(error, 'store/corrupt')) throw error;
    return undefined;
  }
}

function decode(id: string, bytes: Uint8Array): StoredToken {
  const { token, uses, left, until, guests } = decodeRecordObject(bytes, AREA);
  if (
    typeof token !== 'string' ||
    typeof uses !== 'number' ||
    typeof left !== 'number' ||
    typeof until !== 'number' ||
    !Array.isArray(guests)
  ) {
    throw corruptRecord(AREA);
  }
  decodePart(AREA, () => readLinkToken(token, 'token'));
  return { id, token, uses, left, until, guests: guests.map(String) };
}
