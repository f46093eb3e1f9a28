import type { ErrorCode } from './error-table.ts';

const RETRYABLE: ReadonlySet<ErrorCode> = /* @__PURE__ */ new Set<ErrorCode>([
  'transport/closed',
  'transport/timeout',
  'transport/unknown-host',
  'transport/unreachable',
  'transport/protocol',
  'store/unavailable',
  'store/conflict',
  'policy/rate-limited',
]);

/**
 * Whether a call that ended with a code may succeed later without any change. It stands apart from the table of all
 * codes, so that a program which never looks a code up does not carry the table.
 */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code);
}
