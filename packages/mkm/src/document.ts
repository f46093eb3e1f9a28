import { type Signer, type VerifyKey, verifySignature } from '@dimp/crypto';
import {
  callForeign,
  decodeTed,
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

/** Signed, replaceable facts about an entity (spec §7). Plain data. */
export interface Document {
  /** Whose document it is. */
  readonly did: ID;
  /** `visa` for users, `bulletin` for groups, `profile`, or the type of a plug-in. */
  readonly type: string;
  /** The properties as JSON text: exactly what the signature covers. */
  readonly data: string;
  readonly signature: Uint8Array;
  /** The properties read from {@link Document.data}. Proven only after verification. */
  readonly properties: JsonObject;
  /** When it was signed, in seconds since the epoch; absent in 0.8 profiles only. */
  readonly time?: number;
  /** Device label of a visa (2.4 peers, spec §7.6). */
  readonly terminal?: string;
  /** A 0.8 profile: neither `type` nor `did`, and no time needed (spec §7.1). */
  readonly seed: boolean;
  /** The object as received. */
  readonly wire: JsonObject;
}

/** A type of documents as a plug-in value. */
export interface DocumentType<Type extends string = string> {
  readonly type: Type;
  /** Which entities may have one. */
  readonly subject: 'user' | 'group' | 'any';
  /**
   * Says why a document must not replace the stored one, beyond being older (spec §7.5).
   *
   * @returns the reason, or undefined if it may
   */
  refuseReplacement?(incoming: Document, stored: Document): string | undefined;
}

/** How far a document's time may lie ahead of our clock, in seconds (spec §7.5). */
export const MAX_DOCUMENT_SKEW: number = 30 * 60;

/**
 * Reads a document; its signature is not verified yet.
 *
 * @param owner - the ID that the enclosing command or message supplies
 * @throws `format/field` for missing or contradicting members, `format/bytes` for a signature that cannot be decoded,
 *   `identity/document-invalid` for properties that are no JSON object.
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
    ...(time === undefined ? {} : { time }),
    ...(terminal === undefined ? {} : { terminal }),
    seed: type === undefined && !Object.hasOwn(wire, 'did') && Object.hasOwn(wire, 'ID'),
    wire,
  };
}

/** What a document is verified against. */
export interface DocumentProof {
  /** Whose document it has to be. */
  readonly id: ID;
  /** The *meta* key of whoever may sign: the user, or the group's owner. Never a visa key (spec §14.1 #6). */
  readonly key: VerifyKey;
  /** Our clock, in seconds since the epoch. */
  readonly now: number;
}

/**
 * Checks a document: subject, type, time, that it is no message content, and the signature over the exact text
 * (spec §7.4–7.5). Nothing is remembered: a document that passed with one key proves nothing for another
 * (spec §14.1 #7).
 *
 * @throws `identity/document-invalid`, `unsupported/document`, `crypto/key` if the key cannot verify
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
    throw invalid(document, 'lies in the future');
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
 * Whether an incoming document may take the place of the stored one: it has to be strictly newer (spec §7.5).
 *
 * @throws `identity/expired` for one that is not, `identity/document-invalid` for one that would do damage, such as a
 *   visa that makes its owner unreachable.
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
  // The type may be a plug-in: whatever it throws refuses this one document.
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

/** The newest of some documents, which is the one in force; of equally new ones the last (spec §7.5). */
export function newestDocument(documents: readonly Document[]): Document | undefined {
  let newest: Document | undefined;
  for (const each of documents) {
    if (newest === undefined || (each.time ?? 0) >= (newest.time ?? 0)) newest = each;
  }
  return newest;
}

/**
 * The visa in force of a user: the newest of his visas and 0.8 profiles (spec §7.1–7.2). Documents of other types, such as
 * those of applications, may be newer; they are no visa.
 */
export function newestVisa(documents: readonly Document[]): Document | undefined {
  return newestDocument(documents.filter(isVisa));
}

/** The bulletin in force of a group: the newest of its bulletins and 0.8 profiles (spec §7.1–7.2). */
export function newestBulletin(documents: readonly Document[]): Document | undefined {
  return newestDocument(documents.filter(isBulletin));
}

/** Whether a document is what a user's name, key and terminals are read from. */
export function isVisa({ type }: Pick<Document, 'type'>): boolean {
  return type === 'visa' || type === 'profile';
}

/** Whether a document is what a group's name and roles are read from. */
export function isBulletin({ type }: Pick<Document, 'type'>): boolean {
  return type === 'bulletin' || type === 'profile';
}

/** What a new document says. */
export interface DocumentRequest {
  readonly did: ID;
  readonly type: string;
  /** The properties; `type`, `created_time` and `time` are added. */
  readonly properties: JsonObject;
  /** Our clock, in seconds since the epoch. */
  readonly now: number;
  readonly terminal?: string;
}

/**
 * Signs properties into a document (spec §7.3).
 *
 * @throws `TypeError` for properties that a peer would take for a message content.
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
    ...(terminal === undefined ? {} : { terminal }),
    seed: false,
    wire: {
      did: did.text,
      type,
      ...(terminal === undefined ? {} : { terminal }),
      data,
      signature: encodeTed(signature),
    },
  };
}

/**
 * A signature carries no hint what it was made for, so a broadcast message would pass as a newer document of its sender
 * unless its content is recognised: `command`, or `sn` beside a numeric type (spec §14.1 #4).
 */
function looksLikeContent(properties: JsonObject): boolean {
  if (Object.hasOwn(properties, 'command') || Object.hasOwn(properties, 'cmd')) return true;
  // The short names of 2.4 peers count as well (spec §10); a type of theirs may be a word.
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

/** What a document says it is where its wire object says nothing: peers of 0.8 have no member for it (spec §7.1). */
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

function invalid(document: Document, reason: string): ProtocolError {
  return new ProtocolError('identity/document-invalid', `document ${reason}`, {
    details: { id: document.did.text, reason },
  });
}
