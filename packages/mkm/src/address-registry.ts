import {
  callForeign,
  type ForeignFailure,
  fieldError,
  isProtocolError,
  ProtocolError,
} from '@dimp/foundation';
import type { Address, AddressType } from './address.ts';
import { broadcastAddress } from './broadcast-address.ts';

/** The address families of one protocol instance. */
export interface AddressRegistry<T extends AddressType = AddressType> {
  /**
   * Reads an address of any family.
   *
   * @throws `format/field` for anything but a text, for a damaged address, and for a text on which one family failed and that
   *   no other family accepts; `unsupported/address` for a text of no family
   */
  parse(text: unknown): Address;
  /**
   * Generates the address of a meta.
   *
   * @throws `unsupported/address` for a family that is not registered
   */
  generate(family: string, fingerprint: Uint8Array, network: number): Address;
  /** Creates a registry with more families; this one does not change. */
  with<const U extends readonly AddressType[]>(...more: U): AddressRegistry<T | U[number]>;
  readonly types: readonly T[];
}

const UNREADABLE: ForeignFailure = { code: 'format/field', message: 'address cannot be read' };

/**
 * Creates a registry of address families. It always knows the two broadcast words.
 *
 * @throws `registry/duplicate` if two types share a family
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
      let failure: ProtocolError | undefined;
      for (const type of families.values()) {
        try {
          const address = callForeign(UNREADABLE, () => type.parse(text));
          if (address !== undefined) return address;
        } catch (error) {
          // A family that fails must not block the addresses of the others. A family that recognised the text decides.
          if (!isProtocolError(error) || !('cause' in error)) throw error;
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
      throw new ProtocolError('unsupported/address', 'address belongs to no address family');
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
