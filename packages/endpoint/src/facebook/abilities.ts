import { ACCEPTS_AEAD, type Protocol } from '@dimp/core';
import { type PublicKey, samePublicKey } from '@dimp/crypto';
import { isProtocolError, type JsonObject, ownMember } from '@dimp/foundation';
import { type Document, visaKey } from '@dimp/mkm';

/** What a visa names in its property `accepts` if its owner's program reads files that are encrypted as a stream. */
export const FILE_STREAM = 'file-stream';

/** What this program reads that older ones do not, as its users' visas announce it in `accepts`. */
export function abilitiesOf({ keys }: Protocol): readonly string[] {
  return keys.allowsMessageKey('AES-GCM') ? [FILE_STREAM, ACCEPTS_AEAD] : [FILE_STREAM];
}

/**
 * Properties of a visa with everything that this program reads among what they announce.
 *
 * @returns undefined if they announce it all already
 */
export function withAbilities(properties: JsonObject, protocol: Protocol): JsonObject | undefined {
  const accepts = ownMember(properties, 'accepts');
  const announced: readonly unknown[] = Array.isArray(accepts) ? accepts : [];
  const missing = abilitiesOf(protocol).filter((each) => !announced.includes(each));
  if (missing.length === 0) return undefined;
  const texts = announced.filter((each) => typeof each === 'string');
  return { ...properties, accepts: [...texts, ...missing] };
}

/** Whether a visa is one of this program's: of no named terminal, with a key that is kept here. */
export function isKeyOf(
  visa: Document | undefined,
  publicKey: PublicKey,
  { keys }: Protocol,
): boolean {
  if (visa === undefined || visa.terminal !== undefined) return false;
  try {
    const key = visaKey(visa, keys);
    return key !== undefined && samePublicKey(key, publicKey);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return false;
  }
}
