import { isJsonObject, ownMember } from '@dimp/foundation';
import type { Document, DocumentType } from './document.ts';

function hasKey(document: Document): boolean {
  return isJsonObject(ownMember(document.properties, 'key'));
}

function keepsKey(incoming: Document, stored: Document): string | undefined {
  return hasKey(stored) && !hasKey(incoming) ? 'would remove the key of its owner' : undefined;
}

/** A user's document (spec §7.2). */
export const visa: DocumentType<'visa'> = {
  type: 'visa',
  subject: 'user',
  refuseReplacement: keepsKey,
};

/** A group's document (spec §7.2). */
export const bulletin: DocumentType<'bulletin'> = { type: 'bulletin', subject: 'group' };

/** The document of 0.8 peers, and of other entities (spec §7.1, §7.5). */
export const profile: DocumentType<'profile'> = {
  type: 'profile',
  subject: 'any',
  refuseReplacement: keepsKey,
};
