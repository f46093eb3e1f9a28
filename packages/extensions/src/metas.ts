/**
 * The meta types of spec §6.1 as plug-ins. Types 3 and 5 are reserved and unused.
 *
 * @module
 */
import { btcMeta } from './metas/btc-meta.ts';
import { ethMeta } from './metas/eth-meta.ts';
import { mkm } from './metas/mkm.ts';

export { btcMeta, ethMeta, mkm };

/** All meta types of the deployed network. */
export const standardMetas: readonly [typeof mkm, typeof btcMeta, typeof ethMeta] = [
  mkm,
  btcMeta,
  ethMeta,
];
