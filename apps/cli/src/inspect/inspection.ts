import { type ErrorCode, isProtocolError, type JsonObject } from '@dimp/foundation';

/** What a thing was found to be. */
export type InspectedKind =
  | 'reliable-message'
  | 'secure-message'
  | 'instant-message'
  | 'content'
  | 'meta'
  | 'document'
  | 'card'
  | 'public-key'
  | 'private-key'
  | 'symmetric-key'
  | 'id'
  | 'mtp'
  | 'mtp-package'
  | 'payload'
  | 'sealed-identity'
  | 'json'
  | 'unknown';

/** One thing that was looked at, and what came of it. */
export interface Check {
  /** What was looked at, such as `signature`. */
  readonly what: string;
  readonly result: 'good' | 'bad' | 'unknown';
  /** Why it is bad. */
  readonly code?: ErrorCode;
  /** For people. */
  readonly message: string;
}

/** `good`: everything that can be proven is; `bad`: a peer refuses it; `unknown`: something is missing to tell. */
export type Verdict = Check['result'];

/** What is told of a thing. Nothing in it is secret. */
export interface Inspection {
  readonly kind: InspectedKind;
  readonly facts: JsonObject;
  readonly checks: readonly Check[];
  /** What is inside. */
  readonly parts: readonly Inspection[];
}

/** The verdict over a thing and all its parts: the worst one. */
export function verdictOf({ checks, parts }: Inspection): Verdict {
  const all = [...checks.map(({ result }) => result), ...parts.map(verdictOf)];
  if (all.includes('bad')) return 'bad';
  return all.includes('unknown') ? 'unknown' : 'good';
}

/** The first thing that is bad, outside before inside. */
export function firstBad({ checks, parts }: Inspection): Check | undefined {
  const own = checks.find(({ result }) => result === 'bad');
  if (own !== undefined) return own;
  for (const part of parts) {
    const bad = firstBad(part);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

/** A check that came out well. */
export function good(what: string, message: string): Check {
  return { what, result: 'good', message };
}

/** A check for which something is missing. */
export function unknown(what: string, message: string): Check {
  return { what, result: 'unknown', message };
}

/** A check that failed. @throws whatever is no protocol error */
export function bad(what: string, error: unknown): Check {
  if (!isProtocolError(error)) throw error;
  return { what, result: 'bad', code: error.code, message: error.message };
}

/** Runs a check. @param message - if it does not throw */
export async function checking(
  what: string,
  message: string,
  check: () => unknown,
): Promise<Check> {
  try {
    await check();
    return good(what, message);
  } catch (error) {
    return bad(what, error);
  }
}
