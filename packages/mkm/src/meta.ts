import {
  type PublicKey,
  type Signer,
  samePublicKey,
  type VerifyKey,
  verifySignature,
} from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';
import { utf8Encode } from '@dimp/foundation';
import type { Address } from './address.ts';
import type { AddressRegistry } from './address-registry.ts';
import type { ID } from './id.ts';

/** A meta: the immutable proof that ties a key to an address (spec §6). Plain data. */
export interface Meta {
  /** The type as decimal text: `"1"` MKM, `"2"` BTC, `"4"` ETH (spec §6.1). */
  readonly type: string;
  /** The identity key, which verifies everything that the entity signs. */
  readonly key: VerifyKey;
  /** The text that the fingerprint signs; also the name in the IDs. */
  readonly seed?: string;
  /** Signature of the seed with the private half of the key. */
  readonly fingerprint?: Uint8Array;
  /** The JSON object as received. */
  readonly wire: JsonObject;
}

/** A type of metas as a plug-in value. */
export interface MetaType<Type extends string = string> {
  /** Decimal number as text. */
  readonly type: Type;
  /** Words that peers use for the type, such as `MKM`. */
  readonly aliases?: readonly string[];
  /** Whether metas of this type have a seed and its signature (bit 0 of the number, spec §6.1). */
  readonly seeded: boolean;
  /**
   * Generates the address of a meta for a network byte.
   *
   * @throws a `ProtocolError` or `RangeError` if this type does not support the network or key
   */
  address(meta: MetaMaterial, network: number, addresses: AddressRegistry): Address;
}

/** The parts of a meta from which its address is made. */
export type MetaMaterial = Pick<Meta, 'fingerprint'> & { readonly key: PublicKey };

/**
 * Verifies the signature in a meta: the fingerprint is the seed, signed with the meta's own key (spec §6.4). A meta without a
 * seed is proven by its address alone.
 *
 * Check this before anything else about a meta, such as whether it belongs to an ID: otherwise an attacker can combine their
 * key with a victim's seed and fingerprint (spec §14.1 #2).
 *
 * @throws `crypto/key` if the key cannot verify
 */
export async function verifyMeta(
  meta: Pick<Meta, 'key' | 'seed' | 'fingerprint'>,
): Promise<boolean> {
  if (meta.seed === undefined || meta.fingerprint === undefined) {
    return meta.seed === undefined && meta.fingerprint === undefined;
  }
  return verifySignature(meta.key, utf8Encode(meta.seed), meta.fingerprint);
}

/**
 * Whether the owner of a key made a meta. Founder tests compare a group's meta with a member's key (spec §6.4).
 *
 * Compares the keys. It is not enough that the key verifies the fingerprint: an ECDSA signature verifies under a second key
 * that anyone can compute (SEC 1 §4.1.6), and a user with that key would pass as the founder.
 */
export function metaMadeBy(meta: Meta, key: VerifyKey): boolean {
  return samePublicKey(meta.key, key);
}

/** Options for a new meta. */
export interface MetaRequest {
  /** Decimal type or one of its words, `"1"` by default. */
  readonly type?: string;
  /** The identity's private key, local or remote. */
  readonly signer: Signer;
  /** The name in the ID; for types with a seed only. */
  readonly seed?: string;
}

/** Whether an ID's name equals the seed; both may be absent (spec §6.4). */
export function nameMatchesSeed(id: ID, meta: Meta): boolean {
  return id.name === meta.seed;
}
