/** An address: a hash of the entity's meta, or one of the two broadcast words (spec §4). Plain data. */
export interface Address {
  /** The spelling as received. */
  readonly text: string;
  /** The spelling for comparisons: EIP-55 for ETH, lower case for the broadcast words. */
  readonly canonical: string;
  /** `btc`, `eth`, `broadcast`, or the family of a plug-in. */
  readonly family: string;
  /** The raw network byte, 0–255, which metas are matched with. It is not the entity type (spec §4.5). */
  readonly network: number;
  /** The hash in the address, 20 bytes; absent for broadcast words. */
  readonly hash?: Uint8Array;
  /** The search number, 32 bits, for display only (spec §4.6); 0 if there is none. */
  readonly number: number;
  /** Whether this is a broadcast address. */
  readonly broadcast: boolean;
}

/** A family of addresses as a plug-in value. */
export interface AddressType<Family extends string = string> {
  readonly family: Family;
  /**
   * Reads an address.
   *
   * @returns undefined if the text does not belong to this family
   * @throws `format/field` for a damaged address of this family
   */
  parse(text: string): Address | undefined;
  /**
   * Generates the address of a meta.
   *
   * @param fingerprint - the meta's fingerprint, or the address data of its key
   * @param network - network byte, 0–255
   * @throws `crypto/key` or `RangeError` for a value that this family cannot represent
   */
  generate(fingerprint: Uint8Array, network: number): Address;
}
