import type { Content } from '@dimp/dkd';
import { isJsonObject, isProtocolError, type Json, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { timeText } from '../terminal/text.ts';
import { inspectDocument, inspectMeta } from './entity.ts';
import { bad, type Inspection } from './inspection.ts';
import type { InspectionContext } from './known.ts';
import { redactedObject } from './redact.ts';

/** Explains a message inside a content. Passed in, because the module for messages imports this one. */
export type InspectMessage = (wire: JsonObject, context: InspectionContext) => Promise<Inspection>;

/** Limit for the messages and contents inside a content that are explained one by one. */
const MAX_PARTS = 64;

/** Explains an unencrypted content. It has no signature of its own: the message around it has one. */
export async function inspectContent(
  wire: JsonObject,
  context: InspectionContext,
  inspectMessage: InspectMessage,
): Promise<Inspection> {
  try {
    const content: Content = context.protocol.parseContent(wire);
    return await explain(content, context, inspectMessage);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    const facts = { wire: redactedObject(wire) };
    return { kind: 'content', facts, checks: [bad('format', error)], parts: [] };
  }
}

async function explain(
  content: Content,
  context: InspectionContext,
  inspectMessage: InspectMessage,
): Promise<Inspection> {
  const { kind, type, sn, time, group } = content;
  const facts: JsonObject = {
    kind,
    type,
    sn,
    time: time === undefined ? undefined : timeText(time),
    group: group?.text,
    says: context.protocol.contents.fallback(content),
    wire: redactedObject(content.wire),
  };
  const parts = await partsOf(content, context, inspectMessage);
  return { kind: 'content', facts, checks: [], parts };
}

async function partsOf(
  { kind, body }: Content,
  context: InspectionContext,
  inspectMessage: InspectMessage,
): Promise<readonly Inspection[]> {
  const inside = body as Readonly<Record<string, unknown>>;
  const list = (name: string): readonly unknown[] => {
    const value = inside[name];
    return Array.isArray(value) ? value.slice(0, MAX_PARTS) : [];
  };
  const parts: Inspection[] = [];
  switch (kind) {
    case 'array':
      for (const each of list('contents')) {
        parts.push(await explain(each as Content, context, inspectMessage));
      }
      break;
    case 'forward':
      for (const each of list('messages')) {
        if (isJsonObject(each)) parts.push(await inspectMessage(each, context));
      }
      break;
    case 'meta':
    case 'documents': {
      const owner = inside['did'] as ID | undefined;
      const meta = inside['meta'] as Json | undefined;
      const own = isJsonObject(meta) ? { ...context, metas: [...context.metas, meta] } : context;
      if (meta !== undefined) parts.push(await inspectMeta(meta, context, owner));
      for (const each of list('documents')) {
        parts.push(await inspectDocument(each as JsonObject, own, owner));
      }
      break;
    }
    default:
  }
  return parts;
}
