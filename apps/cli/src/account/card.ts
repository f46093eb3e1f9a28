import type { Facebook } from '@dimp/client';
import { fieldError, isJsonObject, type JsonObject, parseJsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Surroundings } from '../terminal/context.ts';
import { readInput, withoutMark } from '../terminal/files.ts';
import { protocol } from './protocol.ts';

/** Limit for a card: meta and visa have at most 64 KiB each. */
const MAX_CARD_BYTES = 256 * 1024;

/** The card of an identity: its meta and visa, which others need to encrypt for it and to verify its messages. Public. */
export async function cardOf(facebook: Facebook, id: ID): Promise<JsonObject> {
  const meta = await facebook.meta(id);
  const visa = await facebook.document(id);
  return { id: id.text, meta: meta?.wire, visa: visa?.wire };
}

/** A card that is parsed but not verified. */
export interface Card {
  readonly id: ID;
  readonly meta: JsonObject;
  readonly visa?: JsonObject;
}

/**
 * Reads a card.
 *
 * @throws `file/unreadable`; `format/` codes, `unsupported/address`
 */
export async function readCard(
  path: string,
  surroundings: Pick<Surroundings, 'stdin'>,
): Promise<Card> {
  const { id, meta, visa } = parseJsonObject(
    withoutMark(await readInput(path, MAX_CARD_BYTES, surroundings)),
  );
  if (!isJsonObject(meta)) throw fieldError('meta', 'must be an object');
  if (visa !== undefined && !isJsonObject(visa)) throw fieldError('visa', 'must be an object');
  return { id: protocol.parseID(id), meta, ...(visa === undefined ? {} : { visa }) };
}
