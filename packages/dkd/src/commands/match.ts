import type { ContentMatch } from '../content-type.ts';

/**
 * Matches a command by its name. Peers write some commands under type 136 or 137; the name decides (spec §9.1, §9.3).
 *
 * @param names - the first one is written, the others are read too
 */
export function commandNamed(...names: readonly string[]): ContentMatch {
  return { type: ['136', '137'], command: names };
}
