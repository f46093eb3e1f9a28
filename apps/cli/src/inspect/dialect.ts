import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';

/** The generation of peers that writes a message this way (spec §15.1), and the members that show it. */
export interface Spelling {
  readonly dialect: 'seed' | 'deployed' | 'next' | 'any';
  readonly because: readonly string[];
}

/** Short member names that only one generation writes (spec §10). */
const SHORT = ['F', 'R', 'W', 'D', 'V', 'K', 'M', 'P'] as const;

/** Recognises the generation that wrote a message by its members. */
export function spellingOf(wire: JsonObject): Spelling {
  const has = (name: string): boolean => Object.hasOwn(wire, name);
  const short = SHORT.filter(has);
  if (short.length > 0) return { dialect: 'next', because: [`short names ${short.join(', ')}`] };
  const because: string[] = [];
  const meta = ownMember(wire, 'meta');
  const metaNames = isJsonObject(meta)
    ? ['type', 'version'].filter((n) => Object.hasOwn(meta, n))
    : [];
  if (has('key') && has('keys')) because.push('key and keys both');
  if (has('IV')) because.push('IV beside the data');
  if (has('visa')) because.push('visa attached');
  if (metaNames.length === 2) because.push('type and version both in the meta');
  if (typeof wire['time'] === 'number' && !Number.isInteger(wire['time'])) {
    because.push('time with fractions');
  }
  if (because.length > 0) return { dialect: 'deployed', because };
  if (metaNames.length === 1 && metaNames[0] === 'version') {
    return { dialect: 'seed', because: ['meta with version only'] };
  }
  if (has('key') && !has('keys')) {
    return { dialect: 'seed', because: ['key alone, no IV beside the data, whole seconds'] };
  }
  return { dialect: 'any', because: [] };
}
