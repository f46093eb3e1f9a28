import { sha256Base64 } from '@dimp/crypto/digests';
import { utf8Encode } from '@dimp/foundation';

/** Characters of a digest and of the name of an entry: 132 bits in Base64. */
export const NAME_LENGTH = 22;

/**
 * Returns the digest of a group's state: over the name of the checkpoint, and in order the names of the live entries that count
 * (spec §20.11).
 */
export function digestOf(checkpoint: string, counted: Iterable<string>): string {
  const lines = [checkpoint, ...[...counted].sort()].map((name) => `${name}\n`);
  return sha256Base64(utf8Encode(lines.join(''))).slice(0, NAME_LENGTH);
}
