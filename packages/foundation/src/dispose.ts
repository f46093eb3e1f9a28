/** The symbols that `using` looks for, as far as the platform has them. */
const PLATFORM: { readonly dispose?: symbol; readonly asyncDispose?: symbol } = Symbol;

/**
 * `Symbol.dispose`; where the platform lacks it (Safari), the registered symbol of that name, which the helpers of
 * esbuild, Babel and SWC look for in its place.
 */
export const disposeSymbol: typeof Symbol.dispose = (PLATFORM.dispose ??
  /* @__PURE__ */ Symbol.for('Symbol.dispose')) as typeof Symbol.dispose;

/** `Symbol.asyncDispose`, or what stands for it; see {@link disposeSymbol}. */
export const asyncDisposeSymbol: typeof Symbol.asyncDispose = (PLATFORM.asyncDispose ??
  /* @__PURE__ */ Symbol.for('Symbol.asyncDispose')) as typeof Symbol.asyncDispose;

/** Something that goes on until it is closed: a listener, a handler of messages, a timer. */
export interface Handle extends Disposable {
  /** Ends it. Ending it twice is allowed. Where the platform has `using`, that does it as well. */
  close(): void;
}

/**
 * A {@link Handle}.
 *
 * @param close - ends what it stands for; has to allow a second call
 */
export function makeHandle(close: () => void): Handle {
  return { close, [disposeSymbol]: close };
}

/** A class, whoever may call its constructor. */
interface ClassOf<T> {
  readonly prototype: T;
}

/**
 * Lets `using` end what a class makes, for its static block. The class declares the member of the symbol: a computed
 * name other than `Symbol.dispose` itself cannot be written into declaration files that are made file by file.
 *
 * @param end - ends one of them
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
