import { keyWire, type PublicKey, type SymmetricKey } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import {
  concatBytes,
  decodeTed,
  encodeBase64Url,
  isProtocolError,
  ownMember,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Number of hash bytes in a name: a second preimage takes 2^128 attempts. */
const NAME_BYTES = 16;

/** Cache, because hashing takes longer than the other work per message. */
const SENDER_NAMES = /* @__PURE__ */ new WeakMap<ID, string>();

/** Returns the name of a sender in a wrapped message key, 22 characters. */
export function senderName(sender: ID): string {
  const known = SENDER_NAMES.get(sender);
  if (known !== undefined) return known;
  const name = shortHash(utf8Encode(sender.entity));
  SENDER_NAMES.set(sender, name);
  return name;
}

/** Returns the name of a message key, by its secret bytes only. */
export function keyFingerprint(key: SymmetricKey): string {
  return shortHash(concatBytes(utf8Encode('dim-message-key\n'), secretOf(key)));
}

/** Returns the name of a key pair, by its public half. */
export function pairFingerprint({ publicKey }: { readonly publicKey: PublicKey }): string {
  return shortHash(publicKey.material);
}

function shortHash(bytes: Uint8Array): string {
  return encodeBase64Url(sha256(bytes).subarray(0, NAME_BYTES));
}

function secretOf(key: SymmetricKey): Uint8Array {
  const wire = keyWire(key);
  try {
    const data = decodeTed(ownMember(wire, 'data'));
    if (data !== undefined && data.length > 0) return data;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  // A plug-in algorithm whose secret is in another member.
  return utf8Encode(stringifyJson(wire));
}
