import { type Deferred, deferred, ProtocolError } from '@dimp/foundation';
import type { Change } from '../live/live.ts';
import { type LiveSource, LiveValue } from '../live/live-value.ts';
import type { Patch } from './messages.ts';
import { applyPatch } from './patch.ts';

/**
 * A live value of the other side. It is undefined while the store there is locked, which is nothing that listeners and iterations are
 * told.
 */
export class RemoteLive extends LiveValue<unknown> {
  override get ready(): Promise<unknown> {
    return super.ready.then((value) => {
      if (value === undefined) throw locked();
      return value;
    });
  }

  override subscribe(listener: (value: unknown, change: Change) => void): () => void {
    return super.subscribe((value, change) => {
      if (value !== undefined) listener(value, change);
    });
  }

  override [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const snapshots = super[Symbol.asyncIterator]();
    const next = async (): Promise<IteratorResult<unknown>> => {
      for (;;) {
        const result = await snapshots.next();
        if (result.done === true || result.value !== undefined) return result;
      }
    };
    return {
      next,
      return: async () => {
        await snapshots.return?.();
        return { done: true, value: undefined };
      },
    };
  }
}

/** Receives what the other side sends about a watch. */
export interface Watcher {
  value(value: unknown): void;
  /** @throws `format/field` for a patch of another value */
  patch(patch: Patch): void;
  fail(error: unknown): void;
}

/** Options for {@link RemoteSource}. */
export interface RemoteSourceOptions {
  /** Begins to watch. @returns stops watching */
  readonly watch: (watcher: Watcher) => () => void;
  /** Changes each snapshot that is shown. */
  readonly view?: (value: unknown) => unknown;
}

/** Source of a live value whose snapshots come from the other side of a port. */
export class RemoteSource implements LiveSource<unknown>, Watcher {
  readonly #options: RemoteSourceOptions;
  #received: { readonly value: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #first: Deferred<void> = deferred();
  #changed: () => void = () => undefined;

  constructor(options: RemoteSourceOptions) {
    this.#options = options;
  }

  watch(changed: () => void): () => void {
    const first = deferred();
    this.#received = undefined;
    this.#failure = undefined;
    this.#first = first;
    this.#changed = changed;
    const stop = this.#options.watch(this);
    return () => {
      stop();
      // Nothing comes any more: whoever waits for the first snapshot must not wait for ever.
      first.resolve();
    };
  }

  async load(): Promise<unknown> {
    let waitedFor: Deferred<void> | undefined;
    // It may be watched anew meanwhile.
    while (waitedFor !== this.#first) {
      waitedFor = this.#first;
      await waitedFor.promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    const { view } = this.#options;
    if (view !== undefined) return view(this.#received?.value);
    if (this.#received === undefined) throw stopped();
    return this.#received.value;
  }

  readonly elements = (value: unknown): readonly unknown[] => listIn(value) ?? [];

  value(value: unknown): void {
    this.#received = { value };
    this.update();
  }

  patch(patch: Patch): void {
    this.value(applyPatch(this.#received?.value, patch));
  }

  /** A value with a view of its own goes on: it shows that the other side is gone. */
  fail(error: unknown): void {
    if (this.#options.view === undefined) this.#failure = { error };
    this.update();
  }

  /** Shows the snapshot again, because its view has changed. */
  update(): void {
    this.#first.resolve();
    this.#changed();
  }
}

function locked(): ProtocolError<'state/locked'> {
  return new ProtocolError('state/locked', 'the store is locked; unlock it with the passphrase');
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the live value is closed');
}

/** A list of named elements, or that of a window. */
function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const { items } = Object(value) as { readonly items?: unknown };
  return Array.isArray(items) ? items : undefined;
}
