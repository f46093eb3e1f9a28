import { encodeHex, ProtocolError } from '@dimp/foundation';
import { FragmentSet, MAX_SET_BYTES } from './fragment-set.ts';
import { hasTransactionId, type MtpFrame } from './frame.ts';

/** Options for {@link FragmentAssembler}. */
export interface FragmentAssemblerOptions {
  /** Seconds since any fixed moment; a monotonic clock is best. */
  readonly clock: () => number;
  /** Most fragments of one set; 8,192 by default. */
  readonly maxPages?: number;
  /** Longest assembled body, in bytes; 2 MiB by default, at most 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Most incomplete sets; 32 by default. */
  readonly maxSets?: number;
  /**
   * Most bytes of memory for all incomplete sets: 64 bytes for a fragment, 768 for a set, and their buffers; 4 MiB by
   * default. Finished ids may take an eighth of it in addition.
   */
  readonly maxWaitingBytes?: number;
  /** Seconds after its last fragment until an incomplete set is dropped; 300 by default (spec §12.3). */
  readonly timeout?: number;
  /** Seconds for which a finished id is remembered; 3,600 by default (spec §12.3). */
  readonly memory?: number;
  /** Most remembered finished ids; 4,096 by default. */
  readonly maxFinished?: number;
}

/** Bytes of memory of a finished id. Measured: 133. */
const FINISHED_COST = 144;
/** Memory for finished ids, as a share of the waiting bytes. */
const FINISHED_SHARE = 1 / 8;

/**
 * Assembles fragments (spec §12.3). Use one for each connection: ids are unique within a connection only, and a peer
 * can exhaust its own limits only.
 *
 * When a new fragment needs room, the sets that have waited longest are dropped first.
 */
export class FragmentAssembler {
  #limits: Required<FragmentAssemblerOptions>;
  /** Incomplete sets by id, the one that has waited longest first. */
  readonly #sets = new Map<string, FragmentSet>();
  /** Finished ids with their time in seconds, oldest first. */
  readonly #finished = new Map<string, number>();
  #waitingBytes = 0;

  constructor(options: FragmentAssemblerOptions) {
    this.#limits = checked({
      maxPages: 8192,
      maxBodyBytes: 2 * 1024 * 1024,
      maxSets: 32,
      maxWaitingBytes: 4 * 1024 * 1024,
      timeout: 300,
      memory: 3600,
      maxFinished: 4096,
      ...options,
    });
  }

  /**
   * Changes the limits, for example after a login.
   *
   * @throws `RangeError` for invalid limits
   */
  setLimits(limits: Omit<Partial<FragmentAssemblerOptions>, 'clock'>): void {
    this.#limits = checked({ ...this.#limits, ...limits });
  }

  /** Bytes of memory of incomplete sets, including overhead. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes of memory in all, including finished ids. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#finished.size * FINISHED_COST;
  }

  /** Number of incomplete sets. */
  get waitingSets(): number {
    return this.#sets.size;
  }

  /**
   * Adds a fragment.
   *
   * @returns the whole body if this fragment completes it; undefined for a repeated fragment, one of a finished set, or
   *   one of an incomplete set
   * @throws `format/limit` for a set above `maxPages` or `maxBodyBytes`, `transport/protocol` for a fragment that
   *   contradicts its set or belongs to none because it has no id; `TypeError` for a package that is not a fragment.
   */
  add(frame: MtpFrame): Uint8Array | undefined {
    if (frame.type !== 'fragment') throw new TypeError('frame must be a fragment');
    const now = this.#limits.clock();
    this.#expire(now);
    if (!hasTransactionId(frame)) {
      if (frame.pages === 1) return frame.body;
      throw new ProtocolError('transport/protocol', 'a fragment must have a transaction id');
    }
    const key = encodeHex(frame.id);
    if (this.#finished.has(key)) return undefined;
    const set = this.#setOf(key, frame);
    if (set.has(frame.index)) return undefined;
    this.#store(key, set, frame, now);
    return set.isComplete ? this.#finish(key, set, now) : undefined;
  }

  #setOf(key: string, frame: MtpFrame): FragmentSet {
    if (frame.pages > this.#limits.maxPages) throw limit('pages', this.#limits.maxPages);
    const set = this.#sets.get(key);
    if (set !== undefined && set.pages !== frame.pages) {
      throw new ProtocolError(
        'transport/protocol',
        'a fragment must have the same pages as the others of its payload',
      );
    }
    return set ?? new FragmentSet(frame.pages, this.#limits.maxBodyBytes);
  }

  #store(key: string, set: FragmentSet, frame: MtpFrame, now: number): void {
    this.#drop(key, set);
    const { maxBodyBytes, maxSets, maxWaitingBytes } = this.#limits;
    const { body } = frame;
    const cost = set.costWith(body.length);
    if (set.bodyBytes + body.length > maxBodyBytes || cost > maxWaitingBytes) {
      // Remembered as finished, so that its other fragments do not start it again.
      this.#remember(key, now);
      throw limit('bytes', Math.min(maxBodyBytes, maxWaitingBytes));
    }
    // Before memory is allocated for the new one.
    for (const [oldKey, old] of this.#sets) {
      const fits = this.#waitingBytes + cost <= maxWaitingBytes;
      if (fits && this.#sets.size < maxSets) break;
      this.#drop(oldKey, old);
    }
    set.add(frame.index, body);
    set.lastSeconds = now;
    this.#sets.set(key, set);
    this.#waitingBytes += set.cost;
  }

  #finish(key: string, set: FragmentSet, now: number): Uint8Array {
    this.#drop(key, set);
    this.#remember(key, now);
    return set.body();
  }

  #drop(key: string, set: FragmentSet): void {
    if (this.#sets.delete(key)) this.#waitingBytes -= set.cost;
  }

  #remember(key: string, now: number): void {
    this.#finished.set(key, now);
    const { maxFinished, maxWaitingBytes } = this.#limits;
    const most = Math.min(maxFinished, (maxWaitingBytes * FINISHED_SHARE) / FINISHED_COST);
    for (const oldest of this.#finished.keys()) {
      // The newest one always stays.
      if (this.#finished.size <= Math.max(1, most)) break;
      this.#finished.delete(oldest);
    }
  }

  /** Drops expired sets and ids. Both maps are ordered by time, so only expired entries are visited. */
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

function checked(limits: Required<FragmentAssemblerOptions>): Required<FragmentAssemblerOptions> {
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === 'number' && !(value > 0)) throw new RangeError(`${name} must be above 0`);
  }
  if (limits.maxBodyBytes > MAX_SET_BYTES)
    throw new RangeError('maxBodyBytes must be at most 2^26');
  return limits;
}

function limit(what: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError(
    'format/limit',
    `the fragments of a payload must have at most ${max} ${what}`,
    {
      details: { limit: what, max },
    },
  );
}
