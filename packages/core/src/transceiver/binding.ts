import type { Content, Envelope } from '@dimp/dkd';
import {
  encodeBase64Url,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
  randomBytes,
  stringifyJson,
} from '@dimp/foundation';
import { namesEnvelope } from './content-check.ts';
import { decryptError } from './decrypt-error.ts';

/**
 * Size of the first block of a plaintext. Under AES-CBC an attacker who changes the IV, which is not signed, changes this block
 * at will and nothing after it (spec §14.2 #16).
 */
export const FIRST_BLOCK = 16;

/** Number of bytes whose Base64 are the eight characters that fill the first block. */
const FILLING_BYTES = 6;

/** Members that bind a content to its IV. They belong to the message, not to the content. */
const FILLING = '_';
const BOUND = 'bound';

/**
 * Writes a content for a cipher whose IV can be changed in transit: a first block without information, then type and serial
 * number, then the IV. A reader that finds a different IV refuses the message, so the first block cannot be changed either.
 * Contents that do not name sender and receiver, such as receipts, name them beside the IV.
 *
 * @param wire - the content in the dialect of the peer
 * @throws `TypeError` for a content whose member of such a name means something else
 */
export function writeBound(
  wire: JsonObject,
  iv: Uint8Array,
  content: Content,
  { sender, receiver }: Envelope,
): string {
  for (const name of [FILLING, BOUND]) {
    if (Object.hasOwn(wire, name)) {
      throw new TypeError(`a content must not have a member "${name}": the name is reserved`);
    }
  }
  const text = encodeBase64Url(iv);
  const bound: Json = namesEnvelope(content)
    ? text
    : { iv: text, from: sender.entity, to: receiver.entity };
  const { type, T, sn, N, ...rest } = wire;
  const filling = encodeBase64Url(randomBytes(FILLING_BYTES));
  // Undefined members are left out. Joined as text, because names like "1" would come first in an object.
  const members = stringifyJson({ type, T, sn, N, bound, ...rest });
  return `{"${FILLING}":"${filling}",${members.slice(1)}`;
}

/**
 * Checks the IV that a content names.
 *
 * @returns false for a content without an IV, as other programs write it
 * @throws `crypto/decrypt` if the IV, the sender or the receiver differs
 */
export function checkBound(wire: JsonObject, iv: Uint8Array, envelope: Envelope): boolean {
  const bound = ownMember(wire, BOUND);
  if (bound === undefined) return false;
  const text = encodeBase64Url(iv);
  if (isJsonObject(bound)) {
    const { sender, receiver, group } = envelope;
    const to = ownMember(bound, 'to');
    const isTo = to === receiver.entity || (group !== undefined && to === group.entity);
    if (ownMember(bound, 'iv') === text && ownMember(bound, 'from') === sender.entity && isTo) {
      return true;
    }
  } else if (bound === text) return true;
  throw decryptError();
}

/** Whether the content names sender and receiver beside its IV. */
export function namesInBound(wire: JsonObject): boolean {
  return isJsonObject(ownMember(wire, BOUND));
}

/** Returns the content without the members that bind it to its message. */
export function withoutBound(wire: JsonObject): JsonObject {
  const { [FILLING]: _filling, [BOUND]: _bound, ...rest } = wire;
  return rest;
}
