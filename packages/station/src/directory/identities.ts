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

/** What {@link Identities} are made with. */
export interface IdentitiesOptions {
  readonly facebook: Facebook;
  readonly keeper: RateLimiter;
  /** Where it is noted who is known; a part of the facebook's store by default. */
  readonly store?: Store;
  /** Forgets everything else that is kept of somebody; their meta and documents by default. */
  readonly forget?: (id: ID) => Promise<void>;
  /** Whether somebody has logged in before that was noted here. */
  readonly wasHere?: (id: ID) => MaybePromise<boolean>;
  readonly logger?: Logger;
}

/** What begins the origin of those who came from an address. */
const ADDRESS_ORIGIN = 'a';
/** Identities whose origin is remembered between the question and the saving of their metas. */
const EXPECTED = 4096;
/** How often it is noted that somebody is here, and told that the directory is full, in milliseconds. */
const USE_INTERVAL = 24 * 60 * 60_000;
const COMPLAINT_INTERVAL = 60 * 60_000;

/**
 * Bounds how many the directory gets to know: an identity costs its maker nothing (spec §14.4 #40). When it is full, a newcomer
 * gets the place of somebody who is not needed, of those whose network has most; see {@link findEvictable}. Who is known is never
 * refused.
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
    this.#uses = new Cooldown(facebook.clock, USE_INTERVAL);
    this.#complaints = new Cooldown(facebook.clock, COMPLAINT_INTERVAL);
    facebook.limitEntities(options.keeper.limits.identityBytes);
    this.#listening = facebook.events.on('metaSaved', ({ id }) => this.#saved(id));
  }

  /** Tells whom the station that works with this directory needs; without it, nobody but users of this machine. */
  holdBy(hold: (id: ID) => MaybePromise<Hold | undefined>): void {
    this.#hold = hold;
  }

  /**
   * To be asked before the meta of somebody is kept.
   *
   * @param address - where it comes from; undefined for what no limit of addresses holds for
   * @param neighbour - the station that tells of them
   * @throws `policy/rate-limited` if they are not known and there is no room for them; `store/` codes
   */
  async admit(id: ID, address: string | undefined, neighbour?: ID): Promise<void> {
    const { facebook, keeper } = this.#options;
    if ((await facebook.meta(id)) !== undefined) {
      // Groups never log in: who tells of them uses them.
      if (id.isGroup) this.used(id);
      return;
    }
    await this.#loaded();
    // Whoever was saved before counts.
    await this.#turn;
    const origin = originOf(address, neighbour);
    if (this.#known.size >= keeper.limits.identities) {
      // Nobody is forgotten yet: the meta may be a forgery.
      if ((await this.#evictable(origin)) === undefined) throw this.#full();
    }
    if (address !== undefined) keeper.identity(address);
    this.#expected.set(id.entity, origin);
  }

  /** Somebody is here: they are among the last to be forgotten. */
  used(id: ID): void {
    if (!this.#uses.pass(id.entity)) return;
    this.#inTurn(() => this.#known.use(id.entity, this.#options.facebook.clock.now()));
  }

  /**
   * Forgets somebody.
   *
   * @throws `format/field` for a user of this machine; `store/` codes
   */
  forget(id: ID): Promise<void> {
    return this.#inTurn(() => this.#forget(id));
  }

  /** Resolves when everything that was told until now is noted. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Stops counting. */
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

  /** Tasks run one after the other; a failure is told to who waits for the task, and reported otherwise. */
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

  /** What a crash, or a version that noted nothing, has left is put right: each meta is noted once. */
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
 * What stands for an address or a neighbour: 16 bits of a digest. That says nothing of where somebody was, and counting by it takes
 * bounded memory.
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
