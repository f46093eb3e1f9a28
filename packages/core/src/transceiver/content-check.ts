import type { Content, Envelope } from '@dimp/dkd';
import { fieldError, isProtocolError, type JsonObject, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** Commands whose `sender` and `receiver` do not mean those of the message (spec §9.6, §9.13). */
const OWN_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['receipt', 'push']);

/**
 * Compares the signed content with the envelope, which an attacker on the path can rewrite (spec §14.1 #5, §14.2 #16 and #20).
 *
 * @param wire - the content, normalized
 * @throws `format/field` if they contradict each other
 */
export function checkContentAgainstEnvelope(
  wire: JsonObject,
  envelope: Envelope,
  envelopeType: string | undefined,
  readID: (text: unknown) => ID,
): void {
  const type = ownMember(wire, 'type');
  if (type === undefined || type === null) throw fieldError('type', 'is missing');
  if (envelopeType !== undefined && envelopeType !== String(type)) {
    throw fieldError('type', 'must be the same in content and envelope');
  }
  for (const outer of groupsOf(envelope)) {
    const inner = ownMember(wire, 'group') ?? undefined;
    if (inner === undefined || !sameEntity(readID(inner), outer)) {
      throw fieldError('group', 'must be the same in content and envelope');
    }
  }
  checkNames(wire, envelope, readID);
}

/**
 * Adds sender and receiver to a content, where only the sender can write. So the receiver cannot pass the message on as one for
 * another receiver (spec §14.2 #20), and no other user can sign the ciphertext as their own message. Contents for groups name
 * their group already, and broadcasts need no binding.
 *
 * @throws `TypeError` for a content whose member of such a name means something else
 */
export function bindEnvelope(content: Content, { sender, receiver }: Envelope): Content {
  if (receiver.isBroadcast || OWN_NAMES.has(content.kind)) return content;
  const names = receiver.isGroup
    ? { sender: sender.text }
    : { sender: sender.text, receiver: receiver.text };
  for (const [name, value] of Object.entries(names)) {
    const own = ownMember(content.wire, name);
    if (own !== undefined && own !== value) {
      throw new TypeError(`a content must not have a member "${name}": the name is reserved`);
    }
  }
  return { ...content, wire: { ...content.wire, ...names } };
}

/** Whether a content names its sender together with its receiver or group, as {@link bindEnvelope} writes them. */
export function namesEnvelope({ kind, wire }: Content): boolean {
  if (OWN_NAMES.has(kind)) return false;
  const has = (name: string): boolean => typeof ownMember(wire, name) === 'string';
  return has('sender') && (has('receiver') || has('group'));
}

/**
 * Whether a received content names the sender of its envelope, and its receiver or a group, in a part that only its sender can
 * have written. An attacker who signs the ciphertext as their own cannot change these names.
 *
 * @param wire - the content, normalized
 * @param doubtful - names of members that an attacker may have written
 */
export function namesItsSender(
  wire: JsonObject,
  doubtful: ReadonlySet<string>,
  envelope: Envelope,
  readID: (text: unknown) => ID,
): boolean {
  if (hasOwnNames(wire)) return false;
  const isNamed = (name: string, id: ID | undefined): boolean => {
    const value = ownMember(wire, name);
    if (typeof value !== 'string' || doubtful.has(name)) return false;
    return id === undefined || isSame(value, id, readID);
  };
  const isToMe = isNamed('receiver', envelope.receiver) || isNamed('group', undefined);
  return isToMe && isNamed('sender', envelope.sender);
}

/**
 * Checks that a content names its sender, and its receiver or group. Programs with authenticated encryption write these names into
 * every content, except into those where they mean something else.
 *
 * @param wire - the content, normalized
 * @throws `format/field`
 */
export function checkNamed(wire: JsonObject): void {
  if (hasOwnNames(wire)) return;
  const has = (name: string): boolean => typeof ownMember(wire, name) === 'string';
  if (!has('sender')) throw fieldError('sender', 'is missing');
  if (!has('receiver') && !has('group')) throw fieldError('receiver', 'is missing');
}

function isSame(value: string, id: ID, readID: (text: unknown) => ID): boolean {
  try {
    return sameEntity(readID(value), id);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return false;
  }
}

function hasOwnNames(wire: JsonObject): boolean {
  const command = ownMember(wire, 'command');
  return typeof command === 'string' && OWN_NAMES.has(command);
}

/** Returns the visible groups of an envelope. Each must be that of the content. */
function groupsOf({ receiver, group }: Envelope): readonly ID[] {
  const own = group === undefined ? [] : [group];
  return receiver.isGroup && !receiver.isBroadcast ? [...own, receiver] : own;
}

/** Compares the names that {@link bindEnvelope} writes with the envelope. Other programs may leave them out. */
function checkNames(wire: JsonObject, envelope: Envelope, readID: (text: unknown) => ID): void {
  if (hasOwnNames(wire)) return;
  const receiver = ownMember(wire, 'receiver') ?? undefined;
  if (receiver !== undefined && !sameEntity(readID(receiver), envelope.receiver)) {
    throw fieldError('receiver', 'must be the same in content and envelope');
  }
  const sender = ownMember(wire, 'sender') ?? undefined;
  // Without a sender, it may be a member of an application.
  const bound = receiver !== undefined || Object.hasOwn(wire, 'group');
  if (bound && sender !== undefined && !sameEntity(readID(sender), envelope.sender)) {
    throw fieldError('sender', 'must be the same in content and envelope');
  }
}

/** Group contents that non-members may send: requests to join, and receipts of stations. */
export function needsMembership(content: Content): boolean {
  return content.kind !== 'join' && content.kind !== 'receipt';
}

/**
 * Returns a content and the contents of arrays in it, at any depth. Quoted and forwarded contents belong to other senders and are
 * left out.
 */
export function spokenContents(content: Content): readonly Content[] {
  const spoken: Content[] = [content];
  // The list grows during the loop. The JSON gate limits depth and number.
  for (const each of spoken) if (each.type === ARRAY) spoken.push(...innerContents(each.body));
  return spoken;
}

/** Type of an array of contents (spec §9.1). */
const ARRAY = '202';

function innerContents(body: unknown): readonly Content[] {
  const inner = typeof body === 'object' && body !== null && 'contents' in body && body.contents;
  return Array.isArray(inner) ? inner.filter(isContent) : [];
}

/** Whether a value is a parsed content. An array whose type is not registered holds plain JSON. */
function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && 'kind' in value && 'wire' in value;
}
