import { keyWire, type SymmetricKey } from '@dimp/crypto';
import type { Content } from '@dimp/dkd';
import { type JsonObject, ownMember } from '@dimp/foundation';

/** Types of file, image, audio and video contents (spec §9.1). */
const FILE_TYPES: readonly string[] = ['16', '18', '20', '22'];

/**
 * Adds the key of a file that the oldest peers leave out. They encrypt a file with the key of its message (spec §13.1),
 * which is not known later. They are recognized by the `iv` in that key, which the file shares. Later peers send the IV
 * beside the ciphertext, and their files without a key are not encrypted (spec §2.2).
 *
 * @param key - the message key; undefined for a broadcast
 */
export function withFileKey(
  content: Content,
  key: SymmetricKey | undefined,
  parse: (wire: JsonObject) => Content,
): Content {
  const { type, wire } = content;
  // Programs with authenticated encryption use a separate key for each file.
  if (key === undefined || key.authenticates === true) return content;
  if (!FILE_TYPES.includes(type)) return content;
  const has = (name: string): boolean => {
    const value = ownMember(wire, name);
    return value !== undefined && value !== null && value !== '';
  };
  if (!has('URL') || has('data') || has('key') || has('password')) return content;
  const own = keyWire(key);
  if (ownMember(own, 'iv') === undefined) return content;
  return parse({ ...wire, key: own });
}
