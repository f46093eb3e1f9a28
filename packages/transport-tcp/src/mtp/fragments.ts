import { encodeHex, ProtocolError } from '@dimp/foundation';
import { FragmentSet, MAX_SET_BYTES } from './fragment-set.ts';
import { hasTransactionId, type MtpFrame } from './frame.ts';

/** Limits of a {@link FragmentAssembler}. */
export interface FragmentAssemblerOptions {
  /** Seconds since any fixed moment; a monotonic clock is best. */
  readonly clock: () => number;
  /** Most fragments of one set; 8,192 unless told. */
  readonly maxPages?: number;
  /** Longest body put together, in bytes; 2 MiB unless told, at most 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Most unfinished sets; 32 unless told. */
  readonly maxSets?: number;
  /**
   * Most bytes of memory for all unfinished sets, bookkeeping included: 64 bytes for a fragment, 768 for a set, and the
   * room that is kept free for more; 4 MiB unless told. An eighth of it more may go for finished ids.
   */
  readonly maxWaitingBytes?: number;
  /** Seconds after its last fragment when an unfinished set is dropped; 300 unless told (spec §12.3). */
  readonly timeout?: number;
  /** Seconds a finished id is remembered; 3,600 unless told (spec §12.3). */
  readonly memory?: number;
  /** Most finished ids remembered; 4,096 unless told. */
  readonly maxFinished?: number;
}

/** What a finished id takes in memory. Measured: 133 bytes. */
const FINISHED_COST = 144;
/** The part of the waiting bytes that finished ids may take besides. */
const FINISHED_SHARE = 1 / 8;

/**
 * Puts fragments together (spec §12.3). Make one per connection: ids are unique on a connection only, and a peer can
 * then use up nobody's limits but its own.
 *
 * When a new fragment needs room, the sets that have waited longest go first.
 */
export class FragmentAssembler {
  #limits: Required<FragmentAssemblerOptions>;
  /** Unfinished sets by id, the one that has waited longest first. */
  readonly #sets = new Map<string, FragmentSet>();
  /** Finished ids with the second they were finished, oldest first. */
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
   * Changes limits, for a peer that has proven who they are.
   *
   * @throws `RangeError` for limits that are none
   */
  setLimits(limits: Omit<Partial<FragmentAssemblerOptions>, 'clock'>): void {
    this.#limits = checked({ ...this.#limits, ...limits });
  }

  /** Bytes of memory that unfinished sets take, bookkeeping included. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes of memory that it takes in all, finished ids included. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#finished.size * FINISHED_COST;
  }

  /** How many sets are unfinished. */
  get waitingSets(): number {
    return this.#sets.size;
  }

  /**
   * Takes one fragment.
   *
   * @returns the whole body when this fragment was the last missing one, else undefined: a repeated fragment, one of a
   *   set that is finished already, or one whose siblings are still to come
   * @throws `format/limit` for a set above `maxPages` or `maxBodyBytes`, `transport/protocol` for a fragment that
   *   contradicts its set or belongs to none because it has no id; `TypeError` for a package that is no fragment.
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
    // Before memory is taken for the new one.
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
      // The last one always stays.
      if (this.#finished.size <= Math.max(1, most)) break;
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
