/** An address: a hash of the entity's meta, or one of the two broadcast words (spec §4). Plain data. */
export interface Address {
  /** The spelling received. */
  readonly text: string;
  /** The one spelling that is used for comparing: EIP-55 for ETH, lower case for the broadcast words. */
  readonly canonical: string;
  /** `btc`, `eth`, `broadcast`, or the family of a plug-in. */
  readonly family: string;
  /** The raw network byte, 0–255, as metas are matched with; not yet the entity type (spec §4.5). */
  readonly network: number;
  /** The hash inside, 20 bytes; absent for broadcast words. */
  readonly hash?: Uint8Array;
  /** The number that people search by, 32 bits, for display only (spec §4.6); 0 where there is none. */
  readonly number: number;
  /** Whether the address means everybody instead of somebody. */
  readonly broadcast: boolean;
}

/** A family of addresses as a plug-in value. */
export interface AddressType<Family extends string = string> {
  readonly family: Family;
  /**
   * Reads an address.
   *
   * @returns undefined if the text is not of this family
   * @throws `format/field` if it is of this family, but damaged.
   */
  parse(text: string): Address | undefined;
  /**
   * Makes the address of a meta.
   *
   * @param fingerprint - the meta's fingerprint, or the address data of its key
   * @param network - network byte, 0–255
   * @throws `crypto/key` or `RangeError` for what this family cannot hold.
   */
  generate(fingerprint: Uint8Array, network: number): Address;
}
