import { fieldError, ProtocolError } from '@dimp/foundation';
import type { Address, AddressType } from './address.ts';
import { broadcastAddress } from './broadcast-address.ts';

/** The address families of one protocol instance. */
export interface AddressRegistry<T extends AddressType = AddressType> {
  /**
   * Reads an address of any family.
   *
   * @throws `format/field` for no text, empty text or a damaged address; `unsupported/address` for text of no family.
   */
  parse(text: unknown): Address;
  /**
   * Makes the address of a meta.
   *
   * @throws `unsupported/address` for a family that is not registered.
   */
  generate(family: string, fingerprint: Uint8Array, network: number): Address;
  /** A new registry with more families; this one stays as it is. */
  with<const U extends readonly AddressType[]>(...more: U): AddressRegistry<T | U[number]>;
  readonly types: readonly T[];
}

/**
 * Makes a registry of address families. The two broadcast words are always known.
 *
 * @throws `registry/duplicate` when two types share a family.
 */
export function addressRegistry<const T extends readonly AddressType[]>(
  ...types: T
): AddressRegistry<T[number]> {
  const families = new Map<string, AddressType>();
  for (const type of [broadcastAddress, ...types]) {
    if (families.has(type.family)) {
      throw new ProtocolError(
        'registry/duplicate',
        `address family "${type.family}" is registered twice`,
        { details: { family: type.family } },
      );
    }
    families.set(type.family, type);
  }
  const registry: AddressRegistry<T[number]> = {
    types: Object.freeze([...types]),
    parse(text) {
      if (typeof text !== 'string' || text === '') throw fieldError('address', 'is missing');
      for (const type of families.values()) {
        const address = type.parse(text);
        if (address !== undefined) return address;
      }
      throw new ProtocolError('unsupported/address', 'text belongs to no address family');
    },
    generate(family, fingerprint, network) {
      const type = families.get(family);
      if (type === undefined) {
        throw new ProtocolError('unsupported/address', 'address family is not registered', {
          details: { family },
        });
      }
      return type.generate(fingerprint, network);
    },
    with: (...more) => addressRegistry(...types, ...more),
  };
  return Object.freeze(registry);
}
