import type { SymmetricKey } from '@dimp/crypto';
import type { Content } from '@dimp/dkd';
import { type JsonObject, ownMember } from '@dimp/foundation';

/** Types of file, image, audio and video contents (spec §9.1). */
const FILE_TYPES: readonly string[] = ['16', '18', '20', '22'];

/**
 * The oldest peers encrypt a file with the key of the message that tells of it, and leave the key out of the content
 * (spec §13.1): it is put in, because nobody else knows it later. They are recognised by the `iv` inside that key, which the file
 * shares; later peers send the IV beside the ciphertext, and a file of theirs without a key is in the clear (spec §2.2).
 *
 * @param key - what opened the message; none for a broadcast
 */
export function withFileKey(
  content: Content,
  key: SymmetricKey | undefined,
  parse: (wire: JsonObject) => Content,
): Content {
  const { type, wire } = content;
  // Who seals messages with authenticated encryption has a key of its own for each file.
  if (key === undefined || key.authenticates === true) return content;
  if (!FILE_TYPES.includes(type)) return content;
  const has = (name: string): boolean => {
    const value = ownMember(wire, name);
    return value !== undefined && value !== null && value !== '';
  };
  if (!has('URL') || has('data') || has('key') || has('password')) return content;
  const own = key.toWire();
  if (ownMember(own, 'iv') === undefined) return content;
  return parse({ ...wire, key: own });
}
