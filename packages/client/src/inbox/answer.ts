import type { Answer } from '@dimp/endpoint';

/** A message that the application's handlers have come to an end with. */
export interface Handled {
  readonly answers: readonly Answer[];
  /** To be called when the answers are safe: until then, the message comes again at the next start. */
  readonly done: () => Promise<void>;
  /** To be called if there can be no such answers. */
  readonly failed: (error: unknown) => Promise<void>;
}

/** What came of messages that were taken in. */
export interface Received {
  /** Known at once. */
  readonly answers: readonly Answer[];
  /** Of the application's handlers, which may take their time. */
  readonly handled: readonly Promise<Handled>[];
  /** It would have gone into the inbox, which is full. */
  readonly noRoom?: boolean;
}

export const NOTHING: Received = /* @__PURE__ */ Object.freeze({ answers: [], handled: [] });

/** Of several messages, all of which are on disk or refused for good. */
export function together(all: readonly Received[]): Received {
  return {
    answers: all.flatMap(({ answers }) => answers),
    handled: all.flatMap(({ handled }) => handled),
  };
}
