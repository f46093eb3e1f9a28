import type { LocalBlob, LocalBlobs } from './local-blobs.ts';

/** Space of a cache by default, in bytes: 512 MiB. */
const QUOTA = 512 * 1024 * 1024;

/** Options for {@link BlobCache}. */
export interface BlobCacheOptions {
  readonly local: LocalBlobs;
  /** Most bytes; 512 MiB by default. */
  readonly quota?: number;
  readonly now: () => number;
}

/** Keeps downloaded files until others need their space: those that were used least recently go first. */
export class BlobCache {
  readonly #local: LocalBlobs;
  readonly #quota: number;
  readonly #now: () => number;
  #entries: Promise<Map<string, LocalBlob>> | undefined;
  /** One change after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ local, quota = QUOTA, now }: BlobCacheOptions) {
    this.#local = local;
    this.#quota = quota;
    this.#now = now;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#all()).has(name);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const entries = await this.#all();
    const entry = entries.get(name);
    if (entry === undefined) return undefined;
    const bytes = await this.#local.read(name);
    // The platform may have removed it.
    if (bytes === undefined) entries.delete(name);
    else entries.set(name, { ...entry, used: this.#now() });
    return bytes;
  }

  /** Keeps a file, unless it needs more than a quarter of the space. */
  put(name: string, bytes: readonly Uint8Array[]): Promise<void> {
    const size = bytes.reduce((sum, { length }) => sum + length, 0);
    if (size > this.#quota / 4) return Promise.resolve();
    return this.#next(async () => {
      const entries = await this.#all();
      await this.#makeRoom(entries, size);
      await this.#local.write(name, bytes);
      entries.set(name, { name, size, used: this.#now() });
    });
  }

  delete(name: string): Promise<void> {
    return this.#next(async () => {
      (await this.#all()).delete(name);
      await this.#local.delete(name);
    });
  }

  async #makeRoom(entries: Map<string, LocalBlob>, size: number): Promise<void> {
    let left = this.#quota - size;
    for (const entry of entries.values()) left -= entry.size;
    const oldestFirst = [...entries.values()].sort((a, b) => a.used - b.used);
    for (const entry of oldestFirst) {
      if (left >= 0) return;
      entries.delete(entry.name);
      await this.#local.delete(entry.name);
      left += entry.size;
    }
  }

  #all(): Promise<Map<string, LocalBlob>> {
    this.#entries ??= this.#local
      .list()
      .then((list) => new Map(list.map((entry) => [entry.name, entry])))
      .catch((error: unknown) => {
        this.#entries = undefined;
        throw error;
      });
    return this.#entries;
  }

  #next(task: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(task, task);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
