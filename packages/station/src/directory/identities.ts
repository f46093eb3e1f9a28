import type { Facebook } from '@dimp/client';
import type { Handle } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { LimitKeeper } from '../limits/limit-keeper.ts';

/** What {@link Identities} are made with. */
export interface IdentitiesOptions {
  readonly facebook: Facebook;
  readonly keeper: LimitKeeper;
}

/**
 * Bounds how many the directory gets to know: an identity costs its maker nothing, and each is kept for ever
 * (spec §14.4 #40). Who is known is never refused.
 */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #listening: Handle;
  #known = 0;
  #counted: Promise<void> | undefined;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#listening = options.facebook.events.on('metaSaved', () => {
      this.#known += 1;
    });
  }

  /**
   * To be asked before the meta of somebody is kept.
   *
   * @param address - where it comes from; undefined for what no limit of addresses holds for
   * @throws `policy/rate-limited` if he is not known and there is no room for him; `store/` codes
   */
  async admit(id: ID, address: string | undefined): Promise<void> {
    const { facebook, keeper } = this.#options;
    if ((await facebook.meta(id)) !== undefined) return;
    this.#counted ??= this.#count().catch((error: unknown) => {
      this.#counted = undefined;
      throw error;
    });
    await this.#counted;
    if (this.#known >= keeper.limits.identities) throw keeper.refusal('identities');
    if (address !== undefined) keeper.identity(address);
  }

  /** Stops counting. */
  close(): void {
    this.#listening.close();
  }

  async #count(): Promise<void> {
    let known = 0;
    // The documented layout of a facebook's store: `meta`, then the entity.
    for await (const _ of this.#options.facebook.store.list(['meta'])) known += 1;
    // Who came in meanwhile is among them or not; a bound may be off by so few.
    this.#known = known;
  }
}
