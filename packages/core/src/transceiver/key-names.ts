import type { PublicKey, SymmetricKey } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import {
  concatBytes,
  decodeTed,
  encodeBase64,
  isProtocolError,
  ownMember,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Bytes of a hash that name something: finding another thing of that name takes 2^128 tries. */
const NAME_BYTES = 16;

/** Hashing takes longer than the rest of what opening a message asks of its sender. */
const SENDER_NAMES = /* @__PURE__ */ new WeakMap<ID, string>();

/** How a wrapped message key names its sender: 22 characters. */
export function senderName(sender: ID): string {
  const known = SENDER_NAMES.get(sender);
  if (known !== undefined) return known;
  const name = shortHash(utf8Encode(sender.entity));
  SENDER_NAMES.set(sender, name);
  return name;
}

/** Names a message key by its secret bytes, however they are spelled and whatever stands beside them. */
export function keyFingerprint(key: SymmetricKey): string {
  return shortHash(concatBytes(utf8Encode('dim-message-key\n'), secretOf(key)));
}

/** Names a key pair by its public half. */
export function pairFingerprint({ publicKey }: { readonly publicKey: PublicKey }): string {
  return shortHash(publicKey.material);
}

/** Base64url without padding: what goes into JSON as short as possible. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function shortHash(bytes: Uint8Array): string {
  return encodeBase64Url(sha256(bytes).subarray(0, NAME_BYTES));
}

function secretOf(key: SymmetricKey): Uint8Array {
  const wire = key.toWire();
  try {
    const data = decodeTed(ownMember(wire, 'data'));
    if (data !== undefined && data.length > 0) return data;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  // An algorithm of somebody else's, whose secret stands elsewhere.
  return utf8Encode(stringifyJson(wire));
}
