import { ProtocolError } from '@dimp/foundation';
import type { MetaType } from '@dimp/mkm';

/** Type 1, MKM: the address is made from the signature over a seed, and the ID is `seed@address` (spec §6.1, §6.3). */
export const mkm: MetaType<'1'> = {
  type: '1',
  aliases: ['MKM', 'mkm'],
  seeded: true,
  address({ fingerprint }, network, addresses) {
    if (fingerprint === undefined) {
      throw new ProtocolError('format/field', 'a meta of type 1 must have a fingerprint', {
        details: { field: 'fingerprint' },
      });
    }
    return addresses.generate('btc', fingerprint, network);
  },
};
