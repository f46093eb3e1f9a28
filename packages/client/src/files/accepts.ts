import { FILE_STREAM } from '@dimp/endpoint';
import { ownMember } from '@dimp/foundation';
import type { Document, ID } from '@dimp/mkm';
import type { FileFormat } from './file-location.ts';

/** Whether the owner of a visa reads files that are encrypted as a stream. */
export function acceptsFileStream(visa: Document | undefined): boolean {
  const accepts = visa === undefined ? undefined : ownMember(visa.properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(FILE_STREAM);
}

/** What {@link fileFormatFor} asks: a `Facebook`. */
export interface VisaDirectory {
  document(id: ID): Promise<Document | undefined>;
  members(group: ID): Promise<readonly ID[]>;
}

/** How a file for somebody is to be encrypted: as a stream if the visas of all who get it say that they read that. */
export async function fileFormatFor(directory: VisaDirectory, receiver: ID): Promise<FileFormat> {
  if (receiver.isBroadcast) return 'whole';
  const readers = receiver.isGroup ? await directory.members(receiver) : [receiver];
  for (const reader of readers) {
    if (!acceptsFileStream(await directory.document(reader))) return 'whole';
  }
  return readers.length === 0 ? 'whole' : 'stream';
}
