import { InvalidArgumentError, Option } from 'commander';

/** An option whose value is a time: a date, a date with a time of day, or seconds since the epoch. In milliseconds. */
export function timeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const time = readTime(text);
    if (time !== undefined) return time;
    throw new InvalidArgumentError('a time such as 2026-11-30, 2026-11-30T18:00 or 1795400000');
  });
}

/** Reads a time in local time unless it names a zone. @returns milliseconds since the epoch; undefined for another text */
export function readTime(text: string): number | undefined {
  if (/^\d{9,10}(\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * 1000);
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T');
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/.test(date)) {
    return undefined;
  }
  const time = new Date(date).getTime();
  return Number.isNaN(time) ? undefined : time;
}
