import {
  equalBytes,
  type JsonObject,
  ProtocolError,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { type Document, type DocumentRegistry, newestBulletin, newestVisa } from '@dimp/mkm';

/** Maximum number of stored documents of an entity: one document under many terminals must not fill the archive. */
const MAX_DOCUMENTS = 16;
/** Maximum length of a stored meta or document in UTF-16 units of its JSON. Strangers send them, and they stay for ever. */
const MAX_LENGTH = 64 * 1024;

/**
 * Adds a verified document to the documents of an entity. It replaces the older document of its kind (spec §7.5).
 *
 * @param maxBytes - maximum size of the JSON of all documents; the oldest are dropped
 * @returns undefined if the document is in the list already
 * @throws `identity/expired` for a document that is not newer; `identity/document-invalid` for one that its type refuses
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
 * Whether exactly this document, including its signature, is in a list of verified documents. Every login and every first
 * message brings one, and its sender chooses how long its verification takes.
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
 * Limits the size of a stored meta or document.
 *
 * @param maxBytes - a lower limit than the default
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
 * A user has one visa for each terminal, a group one bulletin (spec §7.6). The terminal is not signed: anyone with a document
 * can present it under another terminal.
 */
function sameSlot(a: Document, b: Document): boolean {
  return a.type === b.type && (a.did.isGroup || a.terminal === b.terminal);
}

/**
 * Keeps the {@link MAX_DOCUMENTS} newest documents, in order, as many as fit; of equally new ones the first. Always keeps the
 * visa or bulletin in force, so that documents of applications cannot displace it.
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
