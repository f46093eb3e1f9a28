import { type ErrorCode, isProtocolError, type JsonObject } from '@dimp/foundation';

/** The kind of inspected data. */
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

/** One check and its result. */
export interface Check {
  /** The checked aspect, such as `signature`. */
  readonly what: string;
  readonly result: 'good' | 'bad' | 'unknown';
  /** Error code of a bad result. */
  readonly code?: ErrorCode;
  /** Explanation for people. */
  readonly message: string;
}

/** `good`: every check has passed. `bad`: a peer refuses the data. `unknown`: information for a check is missing. */
export type Verdict = Check['result'];

/** Explanation of some data. Contains no secrets. */
export interface Inspection {
  readonly kind: InspectedKind;
  readonly facts: JsonObject;
  readonly checks: readonly Check[];
  /** The data inside, such as the content of a message. */
  readonly parts: readonly Inspection[];
}

/** The verdict on an inspection and all its parts: the worst one. */
export function verdictOf({ checks, parts }: Inspection): Verdict {
  const all = [...checks.map(({ result }) => result), ...parts.map(verdictOf)];
  if (all.includes('bad')) return 'bad';
  return all.includes('unknown') ? 'unknown' : 'good';
}

/** The first bad check, from the outside in. */
export function firstBad({ checks, parts }: Inspection): Check | undefined {
  const own = checks.find(({ result }) => result === 'bad');
  if (own !== undefined) return own;
  for (const part of parts) {
    const bad = firstBad(part);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

/** A check that has passed. */
export function good(what: string, message: string): Check {
  return { what, result: 'good', message };
}

/** A check for which information is missing. */
export function unknown(what: string, message: string): Check {
  return { what, result: 'unknown', message };
}

/** A check that has failed. @throws `error` itself if it is not a protocol error */
export function bad(what: string, error: unknown): Check {
  if (!isProtocolError(error)) throw error;
  return { what, result: 'bad', code: error.code, message: error.message };
}

/** Runs a check. @param message - explanation of a check that does not throw */
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
