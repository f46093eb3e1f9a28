/**
 * The address families of spec §4 as plug-ins.
 *
 * @module
 */
import { btc } from './addresses/btc.ts';
import { eth } from './addresses/eth.ts';

export { btc, eth };

/** All address families of the deployed network. Every registry knows the broadcast words. */
export const standardAddresses: readonly [typeof btc, typeof eth] = [btc, eth];
