import { decodeTed, ownMember, ProtocolError } from '@dimp/foundation';
import type { History } from '../history/history.ts';
import type { AttachmentReader } from './plugins.ts';

/** Reads files that came inside their messages. */
export function inlineAttachments(history: History): AttachmentReader {
  return {
    async read(id, { ref, content }, { index = 0 }) {
      const text = (await history.fileData(id, ref, index)) ?? ownMember(content, 'data');
      const bytes = typeof text === 'string' ? decodeTed(text) : undefined;
      if (!bytes) {
        throw new ProtocolError(
          'transport/unreachable',
          'the file must be fetched, which this program cannot do',
        );
      }
      return new Blob([new Uint8Array(bytes)]);
    },
  };
}
