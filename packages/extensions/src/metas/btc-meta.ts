import type { MetaType } from '@dimp/mkm';
import { addressData } from './address-data.ts';

/** Type 2, BTC: the address is made from the public key, and the ID has no name (spec §6.1). Not for RSA keys (§2.4). */
export const btcMeta: MetaType<'2'> = {
  type: '2',
  aliases: ['BTC', 'btc'],
  seeded: false,
  address: ({ key }, network, addresses) => addresses.generate('btc', addressData(key), network),
};
