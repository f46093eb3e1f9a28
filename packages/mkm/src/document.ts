import { type Signer, type VerifyKey, verifySignature } from '@dimp/crypto';
import {
  callForeign,
  decodeTed,
  definedOnly,
  encodeTed,
  fieldError,
  isJsonObject,
  isProtocolError,
  type Json,
  type JsonObject,
  ownMember,
  ProtocolError,
  parseJsonObject,
  stringifyJson,
  toText,
  toTime,
  utf8Encode,
} from '@dimp/foundation';
import { type ID, sameEntity } from './id.ts';

/** A document: signed, replaceable facts about an entity (spec §7). Plain data. */
export interface Document {
  /** The entity that the document describes. */
  readonly did: ID;
  /** `visa` for users, `bulletin` for groups, `profile`, or the type of a plug-in. */
  readonly type: string;
  /** The properties as JSON text, exactly what the signature covers. */
  readonly data: string;
  readonly signature: Uint8Array;
  /** The properties in {@link Document.data}. Not trusted before verification. */
  readonly properties: JsonObject;
  /** Time of the signature in seconds since the epoch; absent in 0.8 profiles only. */
  readonly time?: number;
  /** Device label of a visa, for 2.4 peers (spec §7.6). */
  readonly terminal?: string;
  /** Whether this is a 0.8 profile, which has neither `type` nor `did` and needs no time (spec §7.1). */
  readonly seed: boolean;
  /** The JSON object as received. */
  readonly wire: JsonObject;
}

/** A type of documents as a plug-in value. */
export interface DocumentType<Type extends string = string> {
  readonly type: Type;
  /** The entities that may have one. */
  readonly subject: 'user' | 'group' | 'any';
  /**
   * Returns why a document must not replace the stored one, apart from its time (spec §7.5).
   *
   * @returns the reason; undefined if the document may replace it
   */
  refuseReplacement?(incoming: Document, stored: Document): string | undefined;
}

/** Maximum time in seconds by which a document may be ahead of the local clock (spec §7.5). */
export const MAX_DOCUMENT_SKEW: number = 30 * 60;

/**
 * Reads a document without verifying its signature.
 *
 * @param owner - the ID in the enclosing command or message
 * @throws `format/field` for missing or contradicting members; `format/bytes` for a signature that cannot be decoded;
 *   `identity/document-invalid` for properties that are not a JSON object
 */
export function parseDocument(
  wire: Json | undefined,
  readID: (text: unknown) => ID,
  owner?: ID,
): Document {
  if (!isJsonObject(wire)) throw fieldError('document', 'must be a JSON object');
  const did = readSubject(wire, readID, owner);
  const type = toText(ownMember(wire, 'type'), 'type') || undefined;
  const terminal = toText(ownMember(wire, 'terminal'), 'terminal') || did.terminal;
  const data = ownMember(wire, 'data');
  if (typeof data !== 'string' || data === '') throw fieldError('data', 'must be a non-empty text');
  const signature = decodeTed(ownMember(wire, 'signature'));
  if (signature === undefined) throw fieldError('signature', 'is missing');
  const properties = parseProperties(data);
  const time = readTime(properties);
  return {
    did,
    type: type ?? signedType(properties) ?? (did.isGroup ? 'bulletin' : 'visa'),
    data,
    signature,
    properties,
    ...definedOnly({ time, terminal }),
    seed: type === undefined && !Object.hasOwn(wire, 'did') && Object.hasOwn(wire, 'ID'),
    wire,
  };
}

/** Options of {@link verifyDocument}. */
export interface DocumentProof {
  /** The entity that the document must describe. */
  readonly id: ID;
  /** The *meta* key of the permitted signer: the user, or the group's owner. Never a visa key (spec §14.1 #6). */
  readonly key: VerifyKey;
  /** The current time in seconds since the epoch. */
  readonly now: number;
}

/**
 * Verifies a document: its subject, type and time, that it is not a message content, and the signature over the exact text
 * (spec §7.4–7.5). The result is not cached, because it holds for this key only (spec §14.1 #7).
 *
 * @throws `identity/document-invalid`, with the milliseconds `ahead` in the details of one from the future;
 *   `unsupported/document`, `crypto/key` if the key cannot verify
 */
export async function verifyDocument(
  document: Document,
  type: DocumentType,
  { id, key, now }: DocumentProof,
): Promise<void> {
  const { did, time, properties } = document;
  if (!sameEntity(did, id)) throw invalid(document, 'is that of another entity');
  if (type.subject !== 'any' && (type.subject === 'group') !== did.isGroup) {
    throw invalid(document, 'has a type that does not fit the entity');
  }
  if (time === undefined && !document.seed) throw invalid(document, 'has no time');
  if (time !== undefined && time > now + MAX_DOCUMENT_SKEW) {
    throw invalid(document, 'lies in the future', { ahead: Math.round((time - now) * 1000) });
  }
  if (looksLikeContent(properties)) throw invalid(document, 'is a message content');
  const innerType = ownMember(properties, 'type');
  if (innerType !== undefined && innerType !== null && innerType !== document.type) {
    throw invalid(document, 'contradicts the type among its properties');
  }
  if (!(await verifySignature(key, utf8Encode(document.data), document.signature))) {
    throw invalid(document, 'has a wrong signature');
  }
}

/**
 * Checks that a document may replace the stored one. It must be strictly newer (spec §7.5).
 *
 * @throws `identity/expired` for a document that is not newer; `identity/document-invalid` for one that the type refuses, such
 *   as a visa that makes its owner unreachable
 */
export function checkReplacement(
  incoming: Document,
  stored: Document | undefined,
  type: DocumentType,
): void {
  if (stored === undefined) return;
  const newer =
    incoming.time === undefined
      ? stored.time === undefined && incoming.data !== stored.data
      : stored.time === undefined || incoming.time > stored.time;
  if (!newer) {
    throw new ProtocolError('identity/expired', 'document is not newer than the stored one', {
      details: { id: incoming.did.text, type: incoming.type },
    });
  }
  // The type may be a plug-in: any error of it refuses this document and nothing else.
  const reason = callForeign(
    {
      code: 'identity/document-invalid',
      message: 'document cannot be compared with the stored one',
      details: { id: incoming.did.text },
    },
    () => type.refuseReplacement?.(incoming, stored),
  );
  if (reason !== undefined) throw invalid(incoming, reason);
}

/** Returns the newest document, which is the one in force; of equally new ones the last (spec §7.5). */
export function newestDocument(documents: readonly Document[]): Document | undefined {
  let newest: Document | undefined;
  for (const each of documents) {
    if (newest === undefined || (each.time ?? 0) >= (newest.time ?? 0)) newest = each;
  }
  return newest;
}

/**
 * Returns the visa in force of a user: the newest of their visas and 0.8 profiles (spec §7.1–7.2). Newer documents of other
 * types do not count.
 */
export function newestVisa(documents: readonly Document[]): Document | undefined {
  return newestDocument(documents.filter(isVisa));
}

/** Returns the bulletin in force of a group: the newest of its bulletins and 0.8 profiles (spec §7.1–7.2). */
export function newestBulletin(documents: readonly Document[]): Document | undefined {
  return newestDocument(documents.filter(isBulletin));
}

/** Whether a user's name, key and terminals are read from a document. */
export function isVisa({ type }: Pick<Document, 'type'>): boolean {
  return type === 'visa' || type === 'profile';
}

/** Whether a group's name and roles are read from a document. */
export function isBulletin({ type }: Pick<Document, 'type'>): boolean {
  return type === 'bulletin' || type === 'profile';
}

/** Options of {@link signDocument}. */
export interface DocumentRequest {
  readonly did: ID;
  readonly type: string;
  /** The properties; `type`, `created_time` and `time` are added. */
  readonly properties: JsonObject;
  /** The current time in seconds since the epoch. */
  readonly now: number;
  readonly terminal?: string;
}

/**
 * Signs properties into a document (spec §7.3).
 *
 * @throws `TypeError` for properties that a peer would take for a message content
 */
export async function signDocument(request: DocumentRequest, signer: Signer): Promise<Document> {
  const { did, type, now, terminal } = request;
  const properties: JsonObject = {
    created_time: now,
    ...request.properties,
    type,
    time: now,
  };
  if (looksLikeContent(properties)) {
    throw new TypeError('properties with "sn" or "command" look like a message content');
  }
  const data = stringifyJson(properties);
  const signature = await signer.sign(utf8Encode(data));
  return {
    did,
    type,
    data,
    signature,
    properties,
    time: now,
    ...definedOnly({ terminal }),
    seed: false,
    wire: {
      did: did.text,
      type,
      ...definedOnly({ terminal }),
      data,
      signature: encodeTed(signature),
    },
  };
}

/**
 * Whether properties look like a message content: `command`, or `sn` beside a numeric type. A signature does not say what it
 * was made for, so a signed broadcast would otherwise pass as a newer document of its sender (spec §14.1 #4).
 */
function looksLikeContent(properties: JsonObject): boolean {
  if (Object.hasOwn(properties, 'command') || Object.hasOwn(properties, 'cmd')) return true;
  // The short names of 2.4 peers count too (spec §10). The type of a 2.4 peer may be a word.
  if (
    Object.hasOwn(properties, 'T') &&
    (Object.hasOwn(properties, 'N') || Object.hasOwn(properties, 'sn'))
  ) {
    return true;
  }
  const sn = ownMember(properties, 'sn') ?? ownMember(properties, 'N');
  const type = ownMember(properties, 'type') ?? ownMember(properties, 'T');
  if (sn === undefined || sn === null) return false;
  return typeof type === 'number' || (typeof type === 'string' && /^\s*\d+\s*$/.test(type));
}

/** Returns the type in the properties. Peers of 0.8 have no member `type` beside them (spec §7.1). */
function signedType(properties: JsonObject): string | undefined {
  const type = ownMember(properties, 'type');
  return typeof type === 'string' && type !== '' ? type : undefined;
}

function readSubject(wire: JsonObject, readID: (text: unknown) => ID, owner?: ID): ID {
  const did = ownMember(wire, 'did') ?? undefined;
  const old = ownMember(wire, 'ID') ?? undefined;
  const first = did ?? old;
  if (first === undefined) {
    if (owner === undefined) throw fieldError('did', 'is missing');
    return owner;
  }
  const id = readID(first);
  if (did !== undefined && old !== undefined && !sameEntity(id, readID(old))) {
    throw fieldError('ID', 'contradicts did');
  }
  return id;
}

function parseProperties(data: string): JsonObject {
  try {
    return parseJsonObject(data);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    throw new ProtocolError(
      'identity/document-invalid',
      'the properties of the document are damaged',
      {
        cause: error,
      },
    );
  }
}

function readTime(properties: JsonObject): number | undefined {
  try {
    return toTime(ownMember(properties, 'time'));
  } catch (cause) {
    throw new ProtocolError('identity/document-invalid', 'the time of the document is damaged', {
      cause,
    });
  }
}

function invalid(document: Document, reason: string, details: JsonObject = {}): ProtocolError {
  return new ProtocolError('identity/document-invalid', `document ${reason}`, {
    details: { id: document.did.text, reason, ...details },
  });
}
