import { ownMember } from '@dimp/foundation';
import type { Document } from '@dimp/mkm';

/** What a visa names in its property `accepts` if its owner's program reads files that are encrypted as a stream. */
export const FILE_STREAM = 'file-stream';

/** Whether the owner of a visa reads files that are encrypted as a stream. */
export function acceptsFileStream(visa: Document | undefined): boolean {
  const accepts = visa === undefined ? undefined : ownMember(visa.properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(FILE_STREAM);
}
