import { type Deferred, deferred, Events, isProtocolError, ProtocolError } from '@dimp/foundation';
import type { Change, Live } from '../live/live.ts';

/** Options for {@link FollowingLive}. */
export interface FollowingOptions<T> {
  /** The live value to follow at this moment; undefined or `state/locked` if there is none. */
  readonly find: () => Live<T> | undefined;
  /** Calls {@link FollowingLive.follow} from now on; until the function that it returns is called. */
  readonly register: (live: FollowingLive<T>) => () => void;
}

interface Follower<T> {
  readonly listener: (value: T, change: Change) => void;
  stop: () => void;
}

/** A live value that goes over from one live value to another, and is undefined without one. */
export class FollowingLive<T> implements Live<T> {
  readonly #options: FollowingOptions<T>;
  readonly #followers = new Set<Follower<T>>();
  /** Iterations that wait for a value to follow. */
  #waiting: Deferred<void> = deferred();
  #iterations = 0;
  #unregister: (() => void) | undefined;
  #closed = false;

  constructor(options: FollowingOptions<T>) {
    this.#options = options;
  }

  get current(): T | undefined {
    return this.#find()?.current;
  }

  get ready(): Promise<T> {
    return this.#find()?.ready ?? Promise.reject(this.#closed ? stopped() : locked());
  }

  subscribe(listener: (value: T, change: Change) => void): () => void {
    if (this.#closed) return () => undefined;
    const follower = { listener, stop: this.#subscribe(listener) };
    this.#followers.add(follower);
    this.#use();
    return () => {
      follower.stop();
      this.#followers.delete(follower);
      this.#rest();
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    this.#iterations += 1;
    this.#use();
    try {
      while (!this.#closed) {
        const { promise } = this.#waiting;
        const live = this.#find();
        if (live === undefined) await promise;
        else {
          yield* live;
          // It was closed with its store.
          if (this.#find() === live) return;
        }
      }
    } finally {
      this.#iterations -= 1;
      this.#rest();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.follow();
    this.#followers.clear();
    this.#rest();
  }

  /** There is another value to follow, or none. */
  follow(): void {
    for (const follower of this.#followers) {
      follower.stop();
      follower.stop = this.#subscribe(follower.listener);
    }
    this.#waiting.resolve();
    this.#waiting = deferred();
  }

  #subscribe(listener: Follower<T>['listener']): () => void {
    return this.#find()?.subscribe(listener) ?? (() => undefined);
  }

  #find(): Live<T> | undefined {
    if (this.#closed) return undefined;
    try {
      return this.#options.find();
    } catch (error) {
      if (!isProtocolError(error, 'state/locked')) throw error;
      return undefined;
    }
  }

  /** Is told of changes as long as somebody listens, so that a value which was forgotten takes no memory. */
  #use(): void {
    this.#unregister ??= this.#options.register(this);
  }

  #rest(): void {
    if (this.#followers.size > 0 || this.#iterations > 0) return;
    this.#unregister?.();
    this.#unregister = undefined;
  }
}

/** Makes a live value that never changes. */
export function fixedLive<T>(value: T): Live<T> {
  return {
    current: value,
    get ready() {
      return Promise.resolve(value);
    },
    subscribe(listener) {
      const events = new Events<{ value: T }>({ value: true });
      const listening = events.on('value', (each) => listener(each, { kind: 'reset' }));
      // As with other live values, the listener is called when the caller has the function that ends it.
      void Promise.resolve().then(() => events.emit('value', value));
      return () => listening.close();
    },
    async *[Symbol.asyncIterator]() {
      yield value;
    },
    close: async () => undefined,
  };
}

/** The error of everything that needs the store while it is locked. */
export function locked(): ProtocolError<'state/locked'> {
  return new ProtocolError('state/locked', 'the store is locked; unlock it with the passphrase');
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the live value is closed');
}
