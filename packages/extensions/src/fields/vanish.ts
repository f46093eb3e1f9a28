import type { Schema } from '@dimp/foundation/schema';
import { wholeNumber } from './limited.ts';

/** Shortest and longest lifetime of a message in seconds: 5 seconds and 90 days. */
export const VANISH_RANGE: readonly [min: number, max: number] = [5, 90 * 86_400];

/** Lifetime of a message in seconds, from its reading. */
export const vanish: Schema<number> = /* @__PURE__ */ wholeNumber(...VANISH_RANGE);
