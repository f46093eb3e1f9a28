import { keccak256 } from '@dimp/crypto/digests';
import { decodeHex, encodeHex, fieldError, ProtocolError, utf8Encode } from '@dimp/foundation';
import type { Address, AddressType } from '@dimp/mkm';
import { lastUint32 } from './number.ts';

/** Length of the text: `0x` and 40 digits. */
const LENGTH = 42;

/**
 * Ethereum addresses: the last 20 bytes of Keccak-256 over the public key, in EIP-55 hex (spec §4.2). They always belong to users.
 *
 * Digits in lower or upper case only have no checksum and are accepted. In mixed case the checksum must be right. All spellings
 * have the same canonical form, so one account cannot pass as two.
 *
 * @example
 * ```ts
 * addressRegistry(eth).parse('0xd1220a0cf47c7b9be7a2e6ba89f429762e7b9adb').canonical;
 * // '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb'
 * ```
 */
export const eth: AddressType<'eth'> = {
  family: 'eth',
  parse(text) {
    if (text.length !== LENGTH || !text.startsWith('0x')) return undefined;
    const digits = text.slice(2);
    if (!/^[0-9a-fA-F]+$/.test(digits)) throw fieldError('address', 'must be hex');
    const hash = decodeHex(digits);
    const canonical = eip55(hash);
    const checked = /[a-f]/.test(digits) && /[A-F]/.test(digits);
    if (checked && text !== canonical) throw fieldError('address', 'has a wrong EIP-55 checksum');
    return toAddress(text, canonical, hash);
  },
  generate(fingerprint, network) {
    if (network !== 0) throw new RangeError('ETH addresses are for users only');
    const hash = keccak256(withoutPrefix(fingerprint)).slice(-20);
    const text = eip55(hash);
    return toAddress(text, text, hash);
  },
};

function toAddress(text: string, canonical: string, hash: Uint8Array): Address {
  return {
    text,
    canonical,
    family: 'eth',
    network: 0,
    hash,
    number: lastUint32(hash),
    broadcast: false,
  };
}

/** Returns X and Y of a point, 64 bytes, without the prefix 0x04. */
function withoutPrefix(point: Uint8Array): Uint8Array {
  if (point.length === 64) return point;
  if (point.length === 65 && point[0] === 0x04) return point.subarray(1);
  throw new ProtocolError('crypto/key', 'an ETH address is made from an uncompressed public key', {
    details: { length: point.length },
  });
}

/** Writes a digit in upper case if the hash of the lower-case digits has 8 or more at its position (EIP-55). */
function eip55(hash: Uint8Array): string {
  const digits = encodeHex(hash);
  const marks = encodeHex(keccak256(utf8Encode(digits)));
  let text = '0x';
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charAt(i);
    text += Number.parseInt(marks.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit;
  }
  return text;
}
