import { fieldError, ProtocolError } from '@dimp/foundation';
import { array, type Schema, schema, string } from '@dimp/foundation/schema';

const MAX_WORDS = 1024;

/** A list of words, written as one text with blanks (spec §9.9, §9.12). Also reads a JSON list. */
export function words(): Schema<readonly string[]> {
  const list = array(string, MAX_WORDS);
  return schema<readonly string[]>(
    (value, field) => {
      if (typeof value !== 'string') {
        if (!Array.isArray(value)) throw fieldError(field, 'must be a text or a list');
        return list.decode(value, field);
      }
      const found = value.split(/\s+/, MAX_WORDS + 2).filter((word) => word !== '');
      if (found.length > MAX_WORDS) {
        throw new ProtocolError('format/limit', `${field} has too many words`, {
          details: { field, limit: 'words', max: MAX_WORDS },
        });
      }
      return found;
    },
    (value) => value.join(' '),
  );
}
