import type { Json } from '@dimp/foundation';
import type { Rate } from '@dimp/station';
import { type Kind, SettingProblem } from './setting.ts';

const KIB = 1024;
/** Largest unit first: a size is formatted in the largest unit that gives a whole number. */
const SIZES: Readonly<Record<string, number>> = {
  TiB: KIB ** 4,
  GiB: KIB ** 3,
  MiB: KIB ** 2,
  KiB: KIB,
};
const TIMES: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number, placeholder = 'N'): Kind<number> {
  return {
    placeholder,
    read(input) {
      const number = numberOf(input);
      if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
      throw new SettingProblem(`must be a whole number from ${least} to ${most}`);
    },
    show: String,
  };
}

/** A number of bytes, with an optional unit: `KiB`, `MiB`, `GiB`, `TiB`. */
export const size: Kind<number> = {
  placeholder: 'SIZE',
  read(input) {
    const bytes = quantityOf(input, SIZES, 1);
    if (bytes !== undefined && Number.isSafeInteger(bytes)) return bytes;
    throw new SettingProblem('must be a size such as 4096 (bytes), 64KiB, 16MiB or 2GiB');
  },
  show: (value) => showQuantity(value, SIZES) ?? String(value),
};

/** A duration in milliseconds. A number without a unit is refused, because its meaning would be unclear. */
export const duration: Kind<number> = {
  placeholder: 'TIME',
  read(input) {
    const time = quantityOf(input, TIMES);
    if (time !== undefined && Number.isSafeInteger(time)) return time;
    throw new SettingProblem('must be a time such as 500ms, 30s, 10m, 12h or 7d');
  },
  show: (value) => (value === 0 ? '0s' : (showQuantity(value, TIMES) ?? String(value))),
};

/** A rate limit: `PER_SECOND/BURST`, or an object with both in the file. */
export const rate: Kind<Rate> = rateOf(
  {
    read: (text) => numberOf(text),
    show: String,
  },
  'RATE',
  'must be PER_SECOND/BURST, such as 50/1000',
);

/** A rate limit in bytes, as {@link rate}. */
export const byteRate: Kind<Rate> = rateOf(
  {
    read: (text) => quantityOf(text, SIZES, 1) ?? Number.NaN,
    show: size.show,
  },
  'RATE',
  'must be BYTES_PER_SECOND/BURST, such as 1MiB/16MiB',
);

function rateOf(
  amount: { read(input: Json): number; show(value: number): string },
  placeholder: string,
  problem: string,
): Kind<Rate> {
  return {
    placeholder,
    read(input) {
      const [perSecond, burst] = partsOfRate(input).map((part) => amount.read(part));
      // With a burst below 1, nothing would ever be allowed.
      if (isPositive(perSecond) && isPositive(burst) && burst >= 1) return { perSecond, burst };
      throw new SettingProblem(problem);
    },
    show: ({ perSecond, burst }) => `${amount.show(perSecond)}/${amount.show(burst)}`,
  };
}

function partsOfRate(input: Json): readonly Json[] {
  if (typeof input === 'string') {
    const parts = input.split('/');
    return parts.length === 2 ? parts : [];
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  const { perSecond = null, burst = null, ...others } = input as Record<string, Json>;
  return Object.keys(others).length === 0 ? [perSecond, burst] : [];
}

/** Parses a number; NaN for anything else. */
function numberOf(input: Json): number {
  // Turns the -0 of JSON into 0.
  if (typeof input === 'number') return input + 0;
  if (typeof input !== 'string' || !/^\d{1,16}(\.\d{1,9})?$/.test(input.trim())) return Number.NaN;
  return Number(input);
}

/** Parses a number with a unit. @param bare - factor of a number without a unit; undefined to refuse one */
function quantityOf(
  input: Json,
  units: Readonly<Record<string, number>>,
  bare?: number,
): number | undefined {
  if (typeof input === 'number')
    return bare === undefined || input < 0 ? undefined : input * bare + 0;
  if (typeof input !== 'string') return undefined;
  const [, digits = '', unit = ''] =
    /^(\d{1,16}(?:\.\d{1,9})?) ?([A-Za-z]*)$/.exec(input.trim()) ?? [];
  if (digits === '') return undefined;
  const factor = unit === '' ? bare : unitOf(unit, units);
  return factor === undefined ? undefined : Number(digits) * factor;
}

/** Finds the factor of a unit. Ignores case. */
function unitOf(unit: string, units: Readonly<Record<string, number>>): number | undefined {
  const name = Object.keys(units).find((each) => each.toLowerCase() === unit.toLowerCase());
  return name === undefined ? undefined : units[name];
}

function showQuantity(value: number, units: Readonly<Record<string, number>>): string | undefined {
  for (const [unit, factor] of Object.entries(units)) {
    if (value >= factor && value % factor === 0) return `${value / factor}${unit}`;
  }
  return undefined;
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}
