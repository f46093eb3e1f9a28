import type { ID } from '@dimp/mkm';

/**
 * Refuses a value that is not an ID. A program in plain JavaScript may pass a text, which looks the same in logs but has no entity,
 * so that a message would wait for a visa for ever.
 *
 * @param what - subject of the error message
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
