/**
 * The three generations of the wire format: the current one, 0.8 and 2.4 (spec §15).
 *
 * @module
 */
export { deployed } from './dialects/deployed.ts';
export type { Dialect, WireScope } from './dialects/dialect.ts';
export { normalizeContent, normalizeMessage, normalizeWire } from './dialects/incoming.ts';
export { next } from './dialects/next.ts';
export { seed } from './dialects/seed.ts';
export { expandShortKeys, type ShortKeyScope, shortenKeys } from './dialects/short-keys.ts';
export { normalizeType } from './dialects/type-number.ts';
