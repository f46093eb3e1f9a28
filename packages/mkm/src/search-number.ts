import type { ID } from './id.ts';

/** Formats the search number as `ddd-ddd-dddd` (spec §4.6). For display only, because it can be forged. */
export function displayNumber(id: ID): string {
  const digits = String(id.address.number).padStart(10, '0');
  return `${digits.slice(0, -7)}-${digits.slice(-7, -4)}-${digits.slice(-4)}`;
}

/** The search number as 0.8 peers show it: the four bytes in reverse order; 9527 for broadcast words (spec §4.6). */
export function seedNumber(id: ID): number {
  if (id.isBroadcast) return 9527;
  const { number } = id.address;
  return (
    (((number & 0xff) << 24) |
      ((number & 0xff00) << 8) |
      ((number >>> 8) & 0xff00) |
      (number >>> 24)) >>>
    0
  );
}
