import type { IncomingMessage } from 'node:http';
import type { Clock } from '@dimp/core';
import { networkKey } from '@dimp/core/transport';
import type { FileLimits } from './file-limits.ts';

/** Milliseconds without a minimum speed at the start of an upload. */
const GRACE_MS = 30_000;
/** Interval at which uploads are checked. */
const CHECK_INTERVAL_MS = 1000;
/** Factor of the minimum speed while other uploads of the same address wait. */
const CONTENDED = 16;

/** A running upload. */
interface Upload {
  readonly request: IncomingMessage;
  readonly address: string;
  readonly network: string;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** Received bytes of its body. */
  received: number;
}

/**
 * Bounds the number of running uploads. An upload that is too slow is cut, even if it sends nothing. If all places are
 * in use, a client with few uploads replaces one of the client with most. An upload that was cut can be resumed.
 */
export class RunningUploads {
  readonly #limits: FileLimits;
  readonly #clock: Clock;
  readonly #uploads = new Map<IncomingMessage, Upload>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: FileLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get count(): number {
    return this.#uploads.size;
  }

  /**
   * Starts an upload.
   *
   * @param address - key of the address of the client
   * @returns a handle to dispose of at its end, or the status that refuses it
   */
  take(request: IncomingMessage, address: string): Disposable | 429 | 503 {
    const { uploadsAtOnce, addressUploadsAtOnce } = this.#limits;
    if (this.#of(address).length >= addressUploadsAtOnce && !this.#cut(this.#slowOf(address))) {
      return 429;
    }
    if (this.count >= uploadsAtOnce && !this.#cut(this.#unfair(address))) return 503;
    const began = this.#clock.now();
    const network = networkKey(address);
    this.#uploads.set(request, { request, address, network, began, received: 0 });
    this.#watch();
    return { [Symbol.dispose]: () => this.#leave(request) };
  }

  /** Counts received bytes of a body. */
  received(request: IncomingMessage, bytes: number): void {
    const upload = this.#uploads.get(request);
    if (upload === undefined) return;
    upload.received += bytes;
    this.#look(upload);
  }

  #of(address: string): readonly Upload[] {
    return [...this.#uploads.values()].filter((upload) => upload.address === address);
  }

  /** The slowest upload of an address, if it is slow enough to be replaced by another one of the same address. */
  #slowOf(address: string): Upload | undefined {
    const most = this.#limits.minBytesPerSecond * CONTENDED;
    return this.#slowest(this.#of(address).filter((upload) => this.#isSlow(upload, most)));
  }

  /** The slowest upload of the address with most uploads, if the new client would still have fewer. */
  #unfair(address: string): Upload | undefined {
    const uploads = [...this.#uploads.values()];
    const network = networkKey(address);
    const own = uploads.filter((upload) => upload.network === network).length;
    const ofNetwork = largest(uploads, (upload) => upload.network);
    if (own + 1 >= ofNetwork.length) return undefined;
    return this.#slowest(largest(ofNetwork, (upload) => upload.address));
  }

  #slowest(uploads: readonly Upload[]): Upload | undefined {
    const now = this.#clock.now();
    const rate = ({ received, began }: Upload): number => received / Math.max(1, now - began);
    let slowest: Upload | undefined;
    for (const upload of uploads) {
      if (slowest === undefined || rate(upload) < rate(slowest)) slowest = upload;
    }
    return slowest;
  }

  #isSlow({ began, received }: Upload, bytesPerSecond: number): boolean {
    const time = this.#clock.now() - began;
    return time > GRACE_MS && received < (time / 1000) * bytesPerSecond;
  }

  #look(upload: Upload): void {
    if (this.#isSlow(upload, this.#limits.minBytesPerSecond)) this.#cut(upload);
  }

  /**
   * Cuts an upload.
   *
   * @returns whether there was one
   */
  #cut(upload: Upload | undefined): boolean {
    if (upload === undefined) return false;
    this.#leave(upload.request);
    upload.request.destroy();
    return true;
  }

  /** Starts the timer: a silent upload causes no event. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      for (const upload of this.#uploads.values()) this.#look(upload);
    }, CHECK_INTERVAL_MS);
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  #leave(request: IncomingMessage): void {
    this.#uploads.delete(request);
    if (this.#uploads.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Returns the largest group of uploads with the same key. */
function largest(uploads: readonly Upload[], keyOf: (upload: Upload) => string): readonly Upload[] {
  const groups = new Map<string, Upload[]>();
  for (const upload of uploads) {
    const group = groups.get(keyOf(upload));
    if (group === undefined) groups.set(keyOf(upload), [upload]);
    else group.push(upload);
  }
  return [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
}
