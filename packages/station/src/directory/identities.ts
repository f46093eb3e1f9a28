import { type Logger, type Store, silentLogger, subStore } from '@dimp/core';
import { addressKey, networkKey } from '@dimp/core/transport';
import { sha256 } from '@dimp/crypto/digests';
import type { Facebook } from '@dimp/endpoint';
import { Cooldown } from '@dimp/endpoint';
import {
  type Handle,
  isProtocolError,
  LruMap,
  type MaybePromise,
  utf8Encode,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { findEvictable, type Hold, NEIGHBOUR_ORIGIN } from './eviction.ts';
import { KnownIdentities, type KnownIdentity, NO_ORIGIN } from './known-identities.ts';

/** Options for {@link Identities}. */
export interface IdentitiesOptions {
  readonly facebook: Facebook;
  readonly keeper: RateLimiter;
  /** Where the list of known identities is stored; the store of the facebook by default. */
  readonly store?: Store;
  /** Deletes everything stored about an entity; its meta and documents by default. */
  readonly forget?: (id: ID) => Promise<void>;
  /** Whether an entity had logged in before this list existed. */
  readonly wasHere?: (id: ID) => MaybePromise<boolean>;
  readonly logger?: Logger;
}

/** Prefix of the origin of an address. */
const ADDRESS_ORIGIN = 'a';
/** Most identities whose origin is remembered until their metas are saved. */
const EXPECTED = 4096;
/**
 * Minimum time between two records of the use of an identity, and between two warnings of a full directory, in
 * milliseconds.
 */
const USE_INTERVAL_MS = 24 * 60 * 60_000;
const COMPLAINT_INTERVAL_MS = 60 * 60_000;

/**
 * Bounds the number of identities in the directory, because creating one costs nothing (spec §14.4 #40). When the
 * directory is full, a newcomer replaces an unused identity of the network that has most; see {@link findEvictable}. A
 * known identity is never refused.
 */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #known: KnownIdentities;
  readonly #listening: Handle;
  readonly #logger: Logger;
  readonly #expected = new LruMap<EntityKey, string>(EXPECTED);
  readonly #uses: Cooldown;
  readonly #complaints: Cooldown;
  #hold: ((id: ID) => MaybePromise<Hold | undefined>) | undefined;
  #loading: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: IdentitiesOptions) {
    const { facebook, store = facebook.store, logger = silentLogger } = options;
    this.#options = options;
    this.#logger = logger;
    this.#known = new KnownIdentities(subStore(store, ['station']));
    this.#uses = new Cooldown(facebook.clock, USE_INTERVAL_MS);
    this.#complaints = new Cooldown(facebook.clock, COMPLAINT_INTERVAL_MS);
    facebook.limitEntities(options.keeper.limits.identityBytes);
    this.#listening = facebook.events.on('metaSaved', ({ id }) => this.#saved(id));
  }

  /**
   * Sets the function that says which identities the station needs; without it, only users of this machine are
   * protected.
   */
  holdBy(hold: (id: ID) => MaybePromise<Hold | undefined>): void {
    this.#hold = hold;
  }

  /**
   * Must be called before the meta of an entity is saved.
   *
   * @param address - where the meta comes from; undefined if no limit for addresses applies
   * @param neighbour - the station that has sent the meta
   * @throws `policy/rate-limited` if the entity is not known and there is no room for it; `store/` codes
   */
  async admit(id: ID, address: string | undefined, neighbour?: ID): Promise<void> {
    const { facebook, keeper } = this.#options;
    if ((await facebook.meta(id)) !== undefined) {
      // Groups never log in: they are used when a message names them.
      if (id.isGroup) this.used(id);
      return;
    }
    await this.#loaded();
    // Identities that are being saved count.
    await this.#turn;
    const origin = originOf(address, neighbour);
    if (this.#known.size >= keeper.limits.identities) {
      // Nothing is evicted yet: the meta may be forged.
      if ((await this.#evictable(origin)) === undefined) throw this.#full();
    }
    if (address !== undefined) keeper.identity(address);
    this.#expected.set(id.entity, origin);
  }

  /** Records that an identity is in use, so that it is evicted last. */
  used(id: ID): void {
    if (!this.#uses.pass(id.entity)) return;
    this.#inTurn(() => this.#known.use(id.entity, this.#options.facebook.clock.now()));
  }

  /**
   * Deletes an entity.
   *
   * @throws `format/field` for a user of this machine; `store/` codes
   */
  forget(id: ID): Promise<void> {
    return this.#inTurn(() => this.#forget(id));
  }

  /** Resolves when all earlier changes are stored. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Stops listening to the facebook. */
  close(): void {
    this.#listening.close();
  }

  #saved(id: ID): void {
    const origin = this.#expected.get(id.entity) ?? NO_ORIGIN;
    this.#expected.delete(id.entity);
    this.#inTurn(async () => {
      const { facebook, keeper } = this.#options;
      if (!(await this.#known.add(id.entity, origin, facebook.clock.now()))) return;
      while (this.#known.size > keeper.limits.identities) {
        const dispensable = await this.#evictable(origin, id.entity);
        if (dispensable === undefined) return;
        await this.#forget(facebook.protocol.parseID(dispensable.entity));
      }
    });
  }

  async #forget(id: ID): Promise<void> {
    const { facebook, forget = (each) => facebook.forgetEntity(each) } = this.#options;
    await forget(id);
    await this.#known.remove(id.entity);
    this.#uses.forget(id.entity);
  }

  #evictable(origin: string, except?: EntityKey): Promise<KnownIdentity | undefined> {
    const { facebook, keeper } = this.#options;
    const options = {
      known: this.#known,
      limits: keeper.limits,
      clock: facebook.clock,
      held: (entity: EntityKey) => this.#held(entity),
    };
    return findEvictable(options, origin, except);
  }

  async #held(entity: EntityKey): Promise<Hold | undefined> {
    const { facebook } = this.#options;
    const id = facebook.protocol.parseID(entity);
    if ((await facebook.localIdentity(id)) !== undefined) return 'here';
    return this.#hold?.(id);
  }

  #full(): Error {
    const { keeper } = this.#options;
    if (this.#complaints.pass('full')) {
      this.#logger.warn('directory.full', { identities: keeper.limits.identities });
    }
    return keeper.refusal('identities');
  }

  /** Runs tasks one after the other. A failure rejects the returned promise and is logged. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => this.#loaded()).then(task);
    this.#turn = done.catch((error: unknown) => {
      const code = isProtocolError(error) ? error.code : 'unknown';
      this.#logger.warn('directory.not-noted', { code });
    });
    return done;
  }

  #loaded(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /** Loads the list, and repairs it after a crash or an update from a version without it: each meta is listed once. */
  async #load(): Promise<void> {
    const { facebook } = this.#options;
    await this.#known.load();
    let metas = 0;
    // The documented layout of a facebook's store: `meta`, then the entity.
    for await (const _ of facebook.store.list(['meta'])) metas += 1;
    if (metas === this.#known.size) return;
    for await (const entity of this.#known.all()) {
      if ((await facebook.store.get(['meta', entity])) === undefined) {
        await this.#known.remove(entity);
      }
    }
    const now = facebook.clock.now();
    for await (const [key] of facebook.store.list(['meta'])) {
      const entity = (key[1] ?? '') as EntityKey;
      if (!(await this.#known.add(entity, NO_ORIGIN, now))) continue;
      if (await this.#options.wasHere?.(facebook.protocol.parseID(entity))) {
        await this.#known.use(entity, now);
      }
    }
  }
}

/**
 * Returns the origin of an address or a neighbour: 16 bits of a digest. It does not reveal the address, and counting by
 * it takes bounded memory.
 */
function originOf(address: string | undefined, neighbour: ID | undefined): string {
  if (neighbour !== undefined) return NEIGHBOUR_ORIGIN + shortDigest(neighbour.entity);
  if (address === undefined) return NO_ORIGIN;
  return ADDRESS_ORIGIN + shortDigest(networkKey(addressKey(address)));
}

function shortDigest(text: string): string {
  const [high = 0, low = 0] = sha256(utf8Encode(text));
  return (high * 256 + low).toString(36);
}
