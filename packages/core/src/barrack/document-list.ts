import {
  equalBytes,
  type JsonObject,
  ProtocolError,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { type Document, type DocumentRegistry, newestBulletin, newestVisa } from '@dimp/mkm';

/** Documents kept of one entity: one document under ever new terminals must not fill the archive. */
const MAX_DOCUMENTS = 16;
/** Longest meta or document that is kept, in UTF-16 units of its JSON: strangers send them, and they stay for ever. */
const MAX_LENGTH = 64 * 1024;

/**
 * The documents of an entity after a verified one has come in: it takes the place of the older one of its kind (spec
 * §7.5).
 *
 * @param maxBytes - most bytes of JSON that all of them have together; the oldest go
 * @returns undefined if it is among them already
 * @throws `identity/expired` for one that is not newer, `identity/document-invalid` for one that would do damage
 */
export function withDocument(
  stored: readonly Document[],
  incoming: Document,
  documents: Pick<DocumentRegistry, 'checkReplacement'>,
  maxBytes: number = Number.POSITIVE_INFINITY,
): readonly Document[] | undefined {
  const slot = stored.find((each) => sameSlot(each, incoming));
  if (slot !== undefined && slot.data === incoming.data) return undefined;
  documents.checkReplacement(incoming, slot);
  const list = newest([...stored.filter((each) => each !== slot), incoming], maxBytes);
  if (!list.includes(incoming)) {
    throw new ProtocolError(
      'identity/expired',
      'the stored documents of other terminals are newer',
      {
        details: { id: incoming.did.text, type: incoming.type },
      },
    );
  }
  return list;
}

/**
 * Whether exactly this document is among those that were verified before, signature included: it comes with every login and
 * every first message, and whoever sends it chooses how long its verification takes.
 */
export function isAmong(verified: readonly Document[], document: Document): boolean {
  return verified.some(
    (each) =>
      sameSlot(each, document) &&
      each.data === document.data &&
      equalBytes(each.signature, document.signature),
  );
}

/**
 * Bounds what is kept of strangers.
 *
 * @param maxBytes - most bytes of its JSON, for whoever grants less than everybody does
 * @throws `format/limit` for a meta or document that is too large
 */
export function checkStoredSize(
  wire: JsonObject,
  maxBytes: number = Number.POSITIVE_INFINITY,
): void {
  const json = stringifyJson(wire);
  if (json.length > MAX_LENGTH) throw tooLarge('length', MAX_LENGTH);
  if (Number.isFinite(maxBytes) && utf8Encode(json).length > maxBytes) {
    throw tooLarge('bytes', maxBytes);
  }
}

function tooLarge(limit: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'meta or document is too large', {
    details: { limit, max },
  });
}

/**
 * A user has one visa for each terminal, a group one bulletin (spec §7.6). The terminal is not signed: whoever has a
 * document can show it under another one.
 */
function sameSlot(a: Document, b: Document): boolean {
  return a.type === b.type && (a.did.isGroup || a.terminal === b.terminal);
}

/**
 * The {@link MAX_DOCUMENTS} newest in their order, as many as fit; of equally new ones the first. The visa or bulletin in force is
 * always among them: documents of applications, however many and new, do not displace it.
 */
function newest(documents: readonly Document[], maxBytes: number): readonly Document[] {
  if (documents.length <= MAX_DOCUMENTS && !Number.isFinite(maxBytes)) return documents;
  const byTime = [...documents].sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
  const inForce = newestVisa(documents) ?? newestBulletin(documents);
  const first =
    inForce === undefined ? byTime : [inForce, ...byTime.filter((each) => each !== inForce)];
  const kept = new Set<Document>();
  let left = maxBytes;
  for (const document of first) {
    if (kept.size >= MAX_DOCUMENTS) break;
    const bytes = Number.isFinite(left) ? utf8Encode(stringifyJson(document.wire)).length : 0;
    if (bytes > left && document !== inForce) continue;
    left -= bytes;
    kept.add(document);
  }
  return documents.filter((each) => kept.has(each));
}
