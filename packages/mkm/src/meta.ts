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

/** The immutable proof that ties a key to an address (spec §6). Plain data. */
export interface Meta {
  /** The type as decimal text: `"1"` MKM, `"2"` BTC, `"4"` ETH (spec §6.1). */
  readonly type: string;
  /** The identity key: everything an entity signs is verified with it. */
  readonly key: VerifyKey;
  /** Text that was signed for the fingerprint, and name of the IDs made of it. */
  readonly seed?: string;
  /** Signature of the seed by the private half of the key. */
  readonly fingerprint?: Uint8Array;
  /** The object as received. */
  readonly wire: JsonObject;
}

/** A type of metas as a plug-in value. */
export interface MetaType<Type extends string = string> {
  /** Decimal number as text. */
  readonly type: Type;
  /** Words that peers use for it, such as `MKM`. */
  readonly aliases?: readonly string[];
  /** Whether metas of it carry a seed and its signature (bit 0 of the number, spec §6.1). */
  readonly seeded: boolean;
  /**
   * Address of a meta for a network byte.
   *
   * @throws a `ProtocolError` or `RangeError` where this type allows no such network or key.
   */
  address(meta: MetaMaterial, network: number, addresses: AddressRegistry): Address;
}

/** The parts of a meta that its address is made of. */
export type MetaMaterial = Pick<Meta, 'fingerprint'> & { readonly key: PublicKey };

/**
 * Checks the signature inside a meta: the fingerprint is the seed, signed by the meta's own key (spec §6.4). A meta
 * without seed proves itself by its address alone.
 *
 * Every other question about a meta — does it make this ID? — only counts after this one was answered with true:
 * otherwise anybody joins his key to a victim's seed and fingerprint (spec §14.1 #2).
 *
 * @throws `crypto/key` if the key cannot verify.
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
 * Whether a meta was made by the owner of a key: founder tests compare a group's meta with a member's key (spec §6.4).
 *
 * Only the key itself counts, and not whether it verifies the fingerprint: an ECDSA signature verifies under a second
 * key that anybody can compute (SEC 1 §4.1.6), and make a user of who is then taken for the founder.
 */
export function metaMadeBy(meta: Meta, key: VerifyKey): boolean {
  return samePublicKey(meta.key, key);
}

/** What a new meta is made of. */
export interface MetaRequest {
  /** Decimal type or one of its words, `"1"` by default. */
  readonly type?: string;
  /** The identity's private key, local or remote. */
  readonly signer: Signer;
  /** Name of the ID; for seeded types only. */
  readonly seed?: string;
}

/** An ID's name equals the seed, absent meaning absent (spec §6.4). */
export function nameMatchesSeed(id: ID, meta: Meta): boolean {
  return id.name === meta.seed;
}
