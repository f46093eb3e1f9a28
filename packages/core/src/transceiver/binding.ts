import type { Content, Envelope } from '@dimp/dkd';
import {
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
  randomBytes,
  stringifyJson,
} from '@dimp/foundation';
import { namesEnvelope } from './content-check.ts';
import { decryptError } from './decrypt-error.ts';
import { encodeBase64Url } from './key-names.ts';

/**
 * Bytes of the first block of a plaintext. Under AES-CBC whoever changes the IV, which nobody signs, changes this block
 * at will and nothing behind it (spec §14.2 #16).
 */
export const FIRST_BLOCK = 16;

/** Bytes whose Base64 is the eight characters that fill the first block. */
const FILLING_BYTES = 6;

/** Members that bind a content to its IV; they belong to the message and not to what it says. */
const FILLING = '_';
const BOUND = 'bound';

/**
 * Writes a content for a cipher whose IV can be changed on the way: first a block that says nothing, then type and serial
 * number, then the IV. A reader that finds another IV refuses the message, so the first block cannot be changed either.
 * Contents that do not name sender and receiver themselves, such as receipts, name them beside the IV.
 *
 * @param wire - the content as the peer's generation spells it
 * @throws `TypeError` for a content that has a member of such a name with another meaning
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
  // `undefined` members are not written. Put together as text: names like "1" come first in every object.
  const members = stringifyJson({ type, T, sn, N, bound, ...rest });
  return `{"${FILLING}":"${filling}",${members.slice(1)}`;
}

/**
 * Whether a content says which IV it was encrypted with.
 *
 * @returns false for a content without, as other programs write it
 * @throws `crypto/decrypt` if it was another one, or another sender or receiver
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

/** The content without what bound it to its message. */
export function withoutBound(wire: JsonObject): JsonObject {
  const { [FILLING]: _filling, [BOUND]: _bound, ...rest } = wire;
  return rest;
}
