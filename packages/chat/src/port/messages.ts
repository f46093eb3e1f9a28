import type { ErrorCode, JsonObject } from '@dimp/foundation';

/** Version of the messages between the two sides of a port. */
export const PORT_VERSION = 1;

/** Where a call goes: the client, or a handle. */
export interface Target {
  /** 0 for the client, else the name of a handle. */
  readonly on: number;
  /** Names with dots between them, of the trees in members.ts; empty for a window. */
  readonly path: string;
  readonly args: readonly unknown[];
  /** Places in the arguments whose text is an ID. */
  readonly ids?: readonly Place[];
  /** Whether the caller wants to hear of the progress. */
  readonly progress?: boolean;
}

/** Names and indexes that lead to a part of a value. */
export type Place = readonly (string | number)[];

/** What the user of a client sends. `n` names a call, a watch or an iteration, and `h` a handle; the sender chooses them. */
export type ToServer =
  | { readonly t: 'hello'; readonly version: number }
  | ({ readonly t: 'call'; readonly n: number; readonly h?: number } & Target)
  | ({ readonly t: 'watch'; readonly n: number } & Target)
  | ({ readonly t: 'iterate'; readonly n: number } & Target)
  | ({ readonly t: 'make'; readonly h: number } & Target)
  /** The value was taken in; the next one may come. */
  | { readonly t: 'seen'; readonly n: number }
  /** Asks an iteration for at most so many items. */
  | { readonly t: 'next'; readonly n: number; readonly count: number }
  /** Ends a watch or an iteration, and aborts a call. */
  | { readonly t: 'stop'; readonly n: number }
  | { readonly t: 'release'; readonly h: number }
  | { readonly t: 'beat' }
  | { readonly t: 'bye' };

/** What the server of a client sends. */
export type ToUser =
  | { readonly t: 'hello'; readonly version: number }
  | { readonly t: 'ok'; readonly n: number; readonly value: unknown }
  | { readonly t: 'no'; readonly n: number; readonly error: PlainError }
  | { readonly t: 'value'; readonly n: number; readonly value: unknown }
  | { readonly t: 'patch'; readonly n: number; readonly patch: Patch }
  | { readonly t: 'items'; readonly n: number; readonly items: readonly unknown[] }
  | { readonly t: 'end'; readonly n: number }
  | { readonly t: 'progress'; readonly n: number; readonly args: readonly unknown[] }
  | { readonly t: 'beat' }
  | { readonly t: 'bye'; readonly error?: PlainError };

/** An error on its way through a port. */
export interface PlainError {
  /** Absent for a wrong use of the interface. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details?: JsonObject;
}

/** How a value becomes the next one. */
export type Patch =
  /** It is replaced. */
  | { readonly v: unknown }
  /** Members of an object change; some are removed. */
  | { readonly o: Readonly<Record<string, Patch>>; readonly d?: readonly string[] }
  /** A list is put together anew. */
  | { readonly a: readonly Step[] };

/** A part of a new list: elements of the old one, a new element, or a changed element of the old one. */
export type Step =
  | readonly [start: number, count: number]
  | { readonly i: unknown }
  | { readonly u: number; readonly p: Patch };
