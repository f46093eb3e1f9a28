import type { Answer } from '@dimp/endpoint';
import type { DeferredArea } from './deferred.ts';
import type { InboxItem } from './inbox-store.ts';

/** The outcome of running the handlers for one message. Its answers are not sent yet. */
export type Handled =
  /** The handlers have answered. The message stays in the inbox until the answers are safe: see `Inbox.finish`. */
  | { readonly kind: 'answered'; readonly item: InboxItem; readonly answers: readonly Answer[] }
  /** No handler took the message, so the inbox has passed it on. Middleware may have answered. */
  | { readonly kind: 'unhandled'; readonly item: InboxItem; readonly answers: readonly Answer[] }
  /** A handler threw. The inbox has recorded the failure. */
  | { readonly kind: 'failed'; readonly item: InboxItem };

/** Work that is left for a message. */
export interface Results {
  /** Receipts and answers to commands. They must not leave before the message is on disk. */
  readonly answers: readonly Answer[];
  /** For the application's handlers, when they are on disk. */
  readonly items: readonly InboxItem[];
}

/** The outcome of receiving a message, and the messages that it has released. */
export type Received =
  /** Nothing is left to do: the message was accepted, was a duplicate, or was refused for good. */
  | (Results & { readonly kind: 'done' })
  /** The message is stored until something else has arrived. */
  | (Results & { readonly kind: 'deferred'; readonly area: DeferredArea })
  /** The inbox is full: the message must not be acknowledged. */
  | (Results & { readonly kind: 'no-room' });

/** Outcome of a message that is on disk. Its handlers run. */
export interface Accepted {
  /** Whether it must not be acknowledged, because there was no room for it. */
  readonly isFull: boolean;
  /** Receipts and answers to commands, ready at once. */
  readonly answers: readonly Answer[];
  /** Outcomes of the application's handlers, which may take their time. */
  readonly handled: readonly Promise<Handled>[];
}

/** The outcome of a message that needs no answer and no handler. */
export const NOTHING: Received = /* @__PURE__ */ Object.freeze({
  kind: 'done',
  answers: [],
  items: [],
});

/** Joins the results of several messages, all of which are kept or refused for good. */
export function together(all: readonly Results[]): Received {
  return {
    kind: 'done',
    answers: all.flatMap(({ answers }) => answers),
    items: all.flatMap(({ items }) => items),
  };
}
