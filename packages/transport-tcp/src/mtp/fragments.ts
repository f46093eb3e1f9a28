import { concatBytes, encodeHex, ProtocolError } from '@dimp/foundation';
import { hasTransactionId, type MtpFrame } from './frame.ts';

/** Limits of a {@link FragmentAssembler}. */
export interface FragmentAssemblerOptions {
  /** Seconds since any fixed moment; a monotonic clock is best. */
  readonly clock: () => number;
  /** Most fragments of one set; 8,192 unless told. */
  readonly maxPages?: number;
  /** Longest body put together, in bytes; 2 MiB unless told. */
  readonly maxBodyBytes?: number;
  /** Most unfinished sets; 32 unless told. */
  readonly maxSets?: number;
  /**
   * Most bytes that wait in all unfinished sets, each fragment counted with 64 bytes more for its bookkeeping;
   * 4 MiB unless told.
   */
  readonly maxWaitingBytes?: number;
  /** Seconds after its last fragment when an unfinished set is dropped; 300 unless told (spec §12.3). */
  readonly timeout?: number;
  /** Seconds a finished id is remembered; 3,600 unless told (spec §12.3). */
  readonly memory?: number;
  /** Most finished ids remembered; 4,096 unless told. */
  readonly maxFinished?: number;
}

/** Fragments of one payload that wait for the others. */
interface FragmentSet {
  readonly pages: number;
  readonly parts: Map<number, Uint8Array>;
  bodyBytes: number;
  lastSeconds: number;
}

/** What a stored fragment costs beyond its body, so that empty fragments are not free. */
const FRAGMENT_COST = 64;

/**
 * Puts fragments together (spec §12.3). Make one per connection: ids are unique on a connection only, and a
 * peer can then use up nobody's limits but its own.
 *
 * When a new fragment needs room, the sets that have waited longest go first.
 */
export class FragmentAssembler {
  readonly #limits: Required<FragmentAssemblerOptions>;
  /** Unfinished sets by id, the one that has waited longest first. */
  readonly #sets = new Map<string, FragmentSet>();
  /** Finished ids with the second they were finished, oldest first. */
  readonly #finished = new Map<string, number>();
  #waitingBytes = 0;

  constructor(options: FragmentAssemblerOptions) {
    this.#limits = {
      maxPages: 8192,
      maxBodyBytes: 2 * 1024 * 1024,
      maxSets: 32,
      maxWaitingBytes: 4 * 1024 * 1024,
      timeout: 300,
      memory: 3600,
      maxFinished: 4096,
      ...options,
    };
    for (const [name, value] of Object.entries(this.#limits)) {
      if (typeof value === 'number' && !(value > 0))
        throw new RangeError(`${name} must be above 0`);
    }
  }

  /** How many bytes wait in unfinished sets, bookkeeping included. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** How many sets are unfinished. */
  get waitingSets(): number {
    return this.#sets.size;
  }

  /**
   * Takes one fragment.
   *
   * @returns the whole body when this fragment was the last missing one, else undefined: a repeated fragment, one
   *   of a set that is finished already, or one whose siblings are still to come
   * @throws `format/limit` for a set above `maxPages` or `maxBodyBytes`, `transport/protocol` for a fragment that
   *   contradicts its set or belongs to none because it has no id; `TypeError` for a package that is no fragment.
   */
  add(frame: MtpFrame): Uint8Array | undefined {
    if (frame.type !== 'fragment') throw new TypeError('only fragments can be put together');
    const now = this.#limits.clock();
    this.#expire(now);
    if (!hasTransactionId(frame)) {
      if (frame.pages === 1) return frame.body;
      throw new ProtocolError('transport/protocol', 'fragment without transaction id');
    }
    const key = encodeHex(frame.id);
    if (this.#finished.has(key)) return undefined;
    const set = this.#setOf(key, frame);
    if (set.parts.has(frame.index)) return undefined;
    this.#store(key, set, frame, now);
    return set.parts.size === set.pages ? this.#finish(key, set, now) : undefined;
  }

  #setOf(key: string, frame: MtpFrame): FragmentSet {
    if (frame.pages > this.#limits.maxPages) throw limit('pages', this.#limits.maxPages);
    const set = this.#sets.get(key);
    if (set !== undefined && set.pages !== frame.pages) {
      throw new ProtocolError('transport/protocol', 'fragment contradicts its set');
    }
    return set ?? { pages: frame.pages, parts: new Map(), bodyBytes: 0, lastSeconds: 0 };
  }

  #store(key: string, set: FragmentSet, frame: MtpFrame, now: number): void {
    this.#drop(key, set);
    const { maxBodyBytes, maxSets, maxWaitingBytes } = this.#limits;
    set.parts.set(frame.index, frame.body);
    set.bodyBytes += frame.body.length;
    set.lastSeconds = now;
    if (set.bodyBytes > maxBodyBytes || costOf(set) > maxWaitingBytes) {
      // Remembered as finished, so that its other fragments do not start it again.
      this.#remember(key, now);
      throw limit('bytes', Math.min(maxBodyBytes, maxWaitingBytes));
    }
    for (const [oldKey, old] of this.#sets) {
      const fits = this.#waitingBytes + costOf(set) <= maxWaitingBytes;
      if (fits && this.#sets.size < maxSets) break;
      this.#drop(oldKey, old);
    }
    this.#sets.set(key, set);
    this.#waitingBytes += costOf(set);
  }

  #finish(key: string, set: FragmentSet, now: number): Uint8Array {
    this.#drop(key, set);
    this.#remember(key, now);
    const body = new Uint8Array(set.bodyBytes);
    let offset = 0;
    for (let index = 0; index < set.pages; index++) {
      const part = set.parts.get(index) ?? concatBytes();
      body.set(part, offset);
      offset += part.length;
    }
    return body;
  }

  #drop(key: string, set: FragmentSet): void {
    if (this.#sets.delete(key)) this.#waitingBytes -= costOf(set);
  }

  #remember(key: string, now: number): void {
    this.#finished.set(key, now);
    for (const oldest of this.#finished.keys()) {
      if (this.#finished.size <= this.#limits.maxFinished) break;
      this.#finished.delete(oldest);
    }
  }

  /** Both maps are in the order of time, so only what has expired is looked at. */
  #expire(now: number): void {
    for (const [key, set] of this.#sets) {
      if (now - set.lastSeconds <= this.#limits.timeout) break;
      this.#drop(key, set);
    }
    for (const [key, finished] of this.#finished) {
      if (now - finished <= this.#limits.memory) break;
      this.#finished.delete(key);
    }
  }
}

function costOf(set: FragmentSet): number {
  return set.bodyBytes + set.parts.size * FRAGMENT_COST;
}

function limit(what: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `fragments have more ${what} than allowed`, {
    details: { limit: what, max },
  });
}
