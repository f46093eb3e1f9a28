import { normalizeContent } from '@dimp/core/dialects';
import type { Content } from '@dimp/dkd';
import { encodeBase64, isJsonObject, type Json, type JsonObject } from '@dimp/foundation';

/** Binary members that readings show as on the wire, without suffix. */
const AS_ON_WIRE: ReadonlySet<string> = /* @__PURE__ */ new Set(['signature', 'IV']);

/** The normalized reading of a content, as the vectors' README defines it: `{kind, type, sn, time, group, fields}`. */
export function readingOf(content: Content): JsonObject {
  const { kind, type, sn, time, group } = content;
  return {
    kind: readingKind(kind),
    type,
    sn,
    ...(time === undefined ? {} : { time }),
    ...(group === undefined ? {} : { group: group.text }),
    fields: fieldsOf(content),
  };
}

/** Specific kinds are shown as the general kind that the vectors know. */
function readingKind(kind: string): string {
  if (kind === 'history') return 'command';
  if (kind === 'found' || kind === 'abdicate') return 'group-command';
  return kind.includes('/') ? 'customized' : kind;
}

function fieldsOf(content: Content): JsonObject {
  const body = content.body as JsonObject;
  switch (content.kind) {
    case 'unknown':
      return extraOf(content.wire, []);
    case 'meta':
      return { ...convert(body), ...metaOf(body['meta']) };
    case 'documents':
      return { ...convert(body), ...metaOf(body['meta']), ...documentsOf(body) };
    case 'found':
    case 'abdicate':
      return {
        command: content.kind,
        ...convert(body),
        ...extraOf(content.wire, ['members', 'member']),
      };
    case 'receipt':
      return receiptOf(convert(body, AS_ON_WIRE), content.wire);
    default:
      return content.kind.includes('/')
        ? customizedOf(normalizeContent(content.wire))
        : convert(body);
  }
}

/** The body has the members of an origin that the protocol defines; others are in the wire object. */
function receiptOf(fields: JsonObject, wire: JsonObject): JsonObject {
  const received = wire['origin'] ?? wire['envelope'];
  const { origin } = fields;
  if (!isJsonObject(received) || !isJsonObject(origin)) return fields;
  return { ...fields, origin: { ...received, ...origin } };
}

/** The typed contents of the customized group protocol are shown like any customized content. */
function customizedOf(wire: JsonObject): JsonObject {
  const { app, mod, act } = wire;
  return { app, mod, act, ...extraOf(wire, ['app', 'mod', 'act']) };
}

function extraOf(wire: JsonObject, named: readonly string[]): JsonObject {
  const common = ['type', 'sn', 'time', 'group', 'command', 'cmd', ...named];
  const normalized = normalizeContent(wire);
  const extra = Object.entries(normalized).filter(([name]) => !common.includes(name));
  return extra.length === 0 ? {} : { extra: Object.fromEntries(extra) };
}

function metaOf(meta: Json | undefined): JsonObject {
  if (!isJsonObject(meta)) return {};
  const type = meta['type'] ?? meta['version'];
  const { key, seed, fingerprint } = meta;
  return { meta: defined({ type: String(type), key, seed, fingerprint }) };
}

function documentsOf(body: JsonObject): JsonObject {
  const documents = body['documents'];
  if (!Array.isArray(documents)) return {};
  return {
    documents: documents.filter(isJsonObject).map((each: JsonObject) =>
      defined({
        did: each['did'] ?? each['ID'] ?? String(body['did']),
        type: each['type'],
        data: each['data'],
        signature: each['signature'],
      }),
    ),
  };
}

function defined(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Bytes become `NAME_b64`, IDs text, contents readings. */
function convert(body: unknown, plainBytes: ReadonlySet<string> = new Set()): JsonObject {
  const fields: Record<string, Json> = {};
  for (const [name, value] of Object.entries(body as object)) {
    if (value instanceof Uint8Array) {
      fields[plainBytes.has(name) ? name : `${name}_b64`] = encodeBase64(value);
    } else if (value !== undefined) {
      fields[name] = convertValue(value, plainBytes);
    }
  }
  return fields;
}

function convertValue(value: unknown, plainBytes: ReadonlySet<string>): Json {
  if (Array.isArray(value)) return value.map((each) => convertValue(each, plainBytes));
  if (typeof value !== 'object' || value === null) return value as Json;
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON() as Json;
  if ('kind' in value && 'wire' in value) return readingOf(value as unknown as Content);
  return convert(value, plainBytes);
}
