import type { MetaType } from '@dimp/mkm';
import { addressData } from './address-data.ts';

/** Type 4, ETH: the address is made from an uncompressed ECC key, for users only; the ID has no name (spec §6.1, §4.2). */
export const ethMeta: MetaType<'4'> = {
  type: '4',
  aliases: ['ETH', 'eth'],
  seeded: false,
  address: ({ key }, network, addresses) => addresses.generate('eth', addressData(key), network),
};
