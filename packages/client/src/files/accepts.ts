import { FILE_STREAM } from '@dimp/endpoint';
import { ownMember } from '@dimp/foundation';
import type { Document, ID } from '@dimp/mkm';
import type { FileFormat } from './file-location.ts';

/** Returns whether the owner of a visa can read files that are encrypted as a stream. */
export function acceptsFileStream(visa: Document | undefined): boolean {
  const accepts = visa === undefined ? undefined : ownMember(visa.properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(FILE_STREAM);
}

/** The part of a `Facebook` that {@link fileFormatFor} reads. */
export interface VisaDirectory {
  document(id: ID): Promise<Document | undefined>;
  members(group: ID): Promise<readonly ID[]>;
}

/** Returns the format for a file: a stream if the visas of all its receivers say that they can read streams. */
export async function fileFormatFor(directory: VisaDirectory, receiver: ID): Promise<FileFormat> {
  if (receiver.isBroadcast) return 'whole';
  const readers = receiver.isGroup ? await directory.members(receiver) : [receiver];
  for (const reader of readers) {
    if (!acceptsFileStream(await directory.document(reader))) return 'whole';
  }
  return readers.length === 0 ? 'whole' : 'stream';
}
