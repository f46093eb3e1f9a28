import { ripemd160, sha256 } from '@dimp/crypto/digests';
import {
  concatBytes,
  decodeBase58,
  encodeBase58,
  equalBytes,
  fieldError,
  ProtocolError,
} from '@dimp/foundation';
import type { Address, AddressType } from '@dimp/mkm';
import { lastUint32 } from './number.ts';

/** The form of an address of this family, valid or damaged. */
const SHAPE = /^[1-9A-HJ-NP-Za-km-z]{26,35}$/;

/**
 * Bitcoin-like addresses: Base58 of 25 bytes: network byte, RIPEMD-160 of SHA-256, check code (spec §4.1).
 *
 * @example
 * ```ts
 * addressRegistry(btc).parse('4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj').network; // 8
 * ```
 */
export const btc: AddressType<'btc'> = {
  family: 'btc',
  parse(text) {
    if (!SHAPE.test(text)) return undefined;
    const bytes = decodeBase58(text);
    if (bytes.length !== 25) throw fieldError('address', 'has the wrong length');
    if (!equalBytes(checkCode(bytes.subarray(0, 21)), bytes.subarray(21))) {
      throw fieldError('address', 'has a wrong check code');
    }
    return toAddress(text, bytes);
  },
  generate(fingerprint, network) {
    if (!Number.isInteger(network) || network < 0 || network > 0xff) {
      throw new RangeError('network must be a byte');
    }
    if (fingerprint.length === 0) {
      throw new ProtocolError(
        'crypto/key',
        'an address is made from a fingerprint or from address data',
      );
    }
    const head = concatBytes(Uint8Array.of(network), ripemd160(sha256(fingerprint)));
    const bytes = concatBytes(head, checkCode(head));
    return toAddress(encodeBase58(bytes), bytes);
  },
};

function toAddress(text: string, bytes: Uint8Array): Address {
  return {
    text,
    canonical: text,
    family: 'btc',
    network: bytes[0] as number,
    hash: bytes.slice(1, 21),
    number: lastUint32(bytes),
    broadcast: false,
  };
}

function checkCode(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes)).subarray(0, 4);
}
