import type { Facebook } from '@dimp/client';
import { fieldError, isJsonObject, type JsonObject, parseJsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Surroundings } from '../terminal/context.ts';
import { readInput, withoutMark } from '../terminal/files.ts';
import { protocol } from './protocol.ts';

/** Longest card, in bytes: a meta and a visa have 64 KiB each at most. */
const MAX_BYTES = 256 * 1024;

/** What others need to write to somebody and to check what he writes: his meta and visa. Nothing in it is secret. */
export async function cardOf(facebook: Facebook, id: ID): Promise<JsonObject> {
  const meta = await facebook.meta(id);
  const visa = await facebook.document(id);
  return { id: id.text, meta: meta?.wire, visa: visa?.wire };
}

/** A card that was read, and not checked. */
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
    withoutMark(await readInput(path, MAX_BYTES, surroundings)),
  );
  if (!isJsonObject(meta)) throw fieldError('meta', 'is missing or not an object');
  if (visa !== undefined && !isJsonObject(visa)) throw fieldError('visa', 'must be an object');
  return { id: protocol.parseID(id), meta, ...(visa === undefined ? {} : { visa }) };
}
