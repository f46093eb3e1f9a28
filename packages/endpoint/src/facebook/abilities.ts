import { ACCEPTS_AEAD, type Protocol } from '@dimp/core';
import { type PublicKey, samePublicKey } from '@dimp/crypto';
import { isProtocolError, type JsonObject, ownMember } from '@dimp/foundation';
import { type Document, visaKey } from '@dimp/mkm';

/** The value in a visa's property `accepts` that announces support for files encrypted as a stream. */
export const FILE_STREAM = 'file-stream';

/** Returns the abilities that this program announces in `accepts` of its users' visas. */
export function abilitiesOf({ keys, abilities = [] }: Protocol): readonly string[] {
  const aead = keys.allowsMessageKey('AES-GCM') ? [ACCEPTS_AEAD] : [];
  return [FILE_STREAM, ...aead, ...abilities];
}

/** Whether one of a user's visas announces an ability: a program on one of their devices has it. */
export function announces(visas: readonly Document[], ability: string): boolean {
  return visas.some(({ properties }) => {
    const accepts = ownMember(properties, 'accepts');
    return Array.isArray(accepts) && accepts.includes(ability);
  });
}

/**
 * Adds the abilities of this program to the properties of a visa.
 *
 * @param more - abilities of parts that the application has chosen
 * @returns undefined if all of them are announced already
 */
export function withAbilities(
  properties: JsonObject,
  protocol: Protocol,
  more: readonly string[] = [],
): JsonObject | undefined {
  const accepts = ownMember(properties, 'accepts');
  const announced: readonly unknown[] = Array.isArray(accepts) ? accepts : [];
  const missing = [...abilitiesOf(protocol), ...more].filter((each) => !announced.includes(each));
  if (missing.length === 0) return undefined;
  const texts = announced.filter((each) => typeof each === 'string');
  return { ...properties, accepts: [...texts, ...missing] };
}

/** Whether this program made a visa: it names no terminal, and its key is stored here. */
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
