import { expandShortKeys } from '@dimp/core/dialects';
import { isJsonObject, type JsonObject } from '@dimp/foundation';
import { inspectContent } from './content.ts';
import { factsOfID, inspectDocument, inspectKey, inspectMeta } from './entity.ts';
import { bad, type Inspection, unknown } from './inspection.ts';
import type { InspectionContext } from './known.ts';
import { inspectReliableMessage, inspectUnsigned } from './message.ts';

/** Limit for the member names of an unknown object. */
const MAX_NAMES = 32;

/**
 * Explains a wire object. Recognises by its members whether it is a message in one of its three states, a content, meta,
 * document or key, in the spelling of any generation.
 */
export async function inspectObject(
  wire: JsonObject,
  context: InspectionContext,
): Promise<Inspection> {
  const message = expandShortKeys('message', wire);
  const has = (name: string): boolean => Object.hasOwn(message, name);
  if (has('sender') && has('data') && has('signature')) {
    return inspectReliableMessage(wire, context);
  }
  if (has('sender') && (has('data') || isJsonObject(message['content']))) {
    return inspectUnsigned(wire, context);
  }
  if (isJsonObject(wire['key']) && !has('sn') && !isContent(wire)) {
    return inspectMeta(wire, context);
  }
  if (has('data') && has('signature')) return inspectDocument(wire, context);
  const key = expandShortKeys('key', wire);
  if (typeof key['algorithm'] === 'string') return inspectKey(key, context);
  if (isContent(wire)) return inspectContent(wire, context, inspectReliableMessage);
  if (has('signature') || has('sender')) return inspectReliableMessage(wire, context);
  if (isJsonObject(wire['meta']) && typeof wire['id'] === 'string')
    return inspectCard(wire, context);
  return {
    kind: 'json',
    // The values are left out, because they may be secret.
    facts: { members: Object.keys(wire).slice(0, MAX_NAMES) },
    checks: [unknown('format', 'JSON of unknown meaning')],
    parts: [],
  };
}

/** Explains a card, as `dim whoami --card` writes it. */
async function inspectCard(
  { id: text, meta, visa }: JsonObject,
  context: InspectionContext,
): Promise<Inspection> {
  try {
    const id = context.protocol.parseID(text);
    const parts = [await inspectMeta(meta, context, id)];
    if (isJsonObject(meta) && visa !== undefined) {
      const known = { ...context, metas: [...context.metas, meta] };
      parts.push(await inspectDocument(visa, known, id));
    }
    return { kind: 'card', facts: factsOfID(id), checks: [], parts };
  } catch (error) {
    return { kind: 'card', facts: {}, checks: [bad('format', error)], parts: [] };
  }
}

function isContent(wire: JsonObject): boolean {
  const content = expandShortKeys('content', wire);
  const has = (name: string): boolean => Object.hasOwn(content, name);
  return has('command') || has('cmd') || (has('type') && has('sn'));
}
