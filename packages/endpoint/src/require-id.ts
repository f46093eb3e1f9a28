import type { ID } from '@dimp/mkm';

/**
 * Refuses what is not an ID. Programs in plain JavaScript hand over text, which looks like one in every log, belongs to no
 * entity, and so would wait for a visa for ever.
 *
 * @param what - subject of the sentence for the error
 * @throws `TypeError`
 */
export function requireID(value: ID, what: string): void {
  const given: Partial<ID> | null | undefined = value;
  const isID =
    typeof given === 'object' &&
    typeof given?.entity === 'string' &&
    typeof given.text === 'string';
  if (!isID) {
    throw new TypeError(`${what} must be an ID; facebook.protocol.parseID makes one of text`);
  }
}
