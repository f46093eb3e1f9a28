import { bulletin, profile, visa } from '@dimp/mkm';
import { standardAddresses } from '../addresses.ts';
import { standardCommands } from '../commands.ts';
import { standardContents } from '../contents.ts';
import { groupContents } from '../groups.ts';
import { standardMetas } from '../metas.ts';

/** All content types of spec §9. */
export type StandardContents = readonly [
  ...typeof standardContents,
  ...typeof standardCommands,
  ...typeof groupContents,
];

/** A preset: an extension with everything of the deployed network. Presets differ in their key algorithms. */
export interface StandardBundle<Keys extends readonly unknown[]> {
  readonly name: 'standard';
  readonly keys: Keys;
  readonly addresses: typeof standardAddresses;
  readonly metas: typeof standardMetas;
  readonly documents: readonly [typeof visa, typeof bulletin, typeof profile];
  readonly contents: StandardContents;
}

/** Creates a preset. */
export function standardBundle<const Keys extends readonly unknown[]>(
  keys: Keys,
): StandardBundle<Keys> {
  return Object.freeze<StandardBundle<Keys>>({
    name: 'standard',
    keys,
    addresses: standardAddresses,
    metas: standardMetas,
    documents: [visa, bulletin, profile],
    contents: [...standardContents, ...standardCommands, ...groupContents],
  });
}
