import type { Address, AddressType } from './address.ts';
import { EntityType } from './entity-type.ts';

function word(canonical: string, network: number, text: string): Address {
  return { text, canonical, family: 'broadcast', network, number: 0, broadcast: true };
}

/** The words `anywhere` and `everywhere`, in any case (spec §4.3). Every registry knows them. */
export const broadcastAddress: AddressType<'broadcast'> = {
  family: 'broadcast',
  parse(text) {
    switch (text.length) {
      case 8:
        return text.toLowerCase() === 'anywhere'
          ? word('anywhere', EntityType.Any, text)
          : undefined;
      case 10:
        return text.toLowerCase() === 'everywhere'
          ? word('everywhere', EntityType.Every, text)
          : undefined;
      default:
        return undefined;
    }
  },
  generate() {
    throw new RangeError('broadcast addresses cannot be generated from a meta');
  },
};
