/** The symbols of `using` that the platform has. */
const PLATFORM: { readonly dispose?: symbol; readonly asyncDispose?: symbol } = Symbol;

/**
 * `Symbol.dispose`. On platforms without it (Safari), the registered symbol of that name, which the helpers of esbuild, Babel
 * and SWC use instead.
 */
export const disposeSymbol: typeof Symbol.dispose = (PLATFORM.dispose ??
  /* @__PURE__ */ Symbol.for('Symbol.dispose')) as typeof Symbol.dispose;

/** `Symbol.asyncDispose` or its replacement; see {@link disposeSymbol}. */
export const asyncDisposeSymbol: typeof Symbol.asyncDispose = (PLATFORM.asyncDispose ??
  /* @__PURE__ */ Symbol.for('Symbol.asyncDispose')) as typeof Symbol.asyncDispose;

/** Something that stays active until it is closed: a listener, a message handler, a timer. */
export interface Handle extends Disposable {
  /** Ends it; may be called twice. `using` calls it too, where the platform has `using`. */
  close(): void;
}

/**
 * Creates a {@link Handle}.
 *
 * @param close - ends what the handle stands for; must allow a second call
 */
export function makeHandle(close: () => void): Handle {
  return { close, [disposeSymbol]: close };
}

/** A class; its constructor may be private. */
interface ClassOf<T> {
  readonly prototype: T;
}

/**
 * Makes the instances of a class work with `using`. To be called in the static block of the class, which declares the member:
 * isolated declarations allow no computed name but `Symbol.dispose` itself.
 *
 * @param end - disposes of an instance
 */
export function onDispose<T extends Disposable>(made: ClassOf<T>, end: (one: T) => void): void {
  define(made, disposeSymbol, end);
}

/** {@link onDispose} for `await using`. */
export function onAsyncDispose<T extends AsyncDisposable>(
  made: ClassOf<T>,
  end: (one: T) => Promise<void>,
): void {
  define(made, asyncDisposeSymbol, end);
}

function define<T>(made: ClassOf<T>, symbol: symbol, end: (one: T) => unknown): void {
  Object.defineProperty(made.prototype, symbol, {
    value(this: T) {
      return end(this);
    },
    configurable: true,
    writable: true,
  });
}
