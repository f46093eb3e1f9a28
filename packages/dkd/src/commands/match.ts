import type { ContentMatch } from '../content-type.ts';

/**
 * A command by its name. Peers put some commands under type 136 and 137 alike: the name decides (spec §9.1, §9.3).
 *
 * @param names - the first one is written, the others are read as well
 */
export function commandNamed(...names: readonly string[]): ContentMatch {
  return { type: ['136', '137'], command: names };
}
