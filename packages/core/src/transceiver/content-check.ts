import type { Content, Envelope } from '@dimp/dkd';
import { fieldError, type JsonObject, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** Commands whose own `receiver` member means something else than the message's (spec §9.6, §9.13). */
const OWN_RECEIVER: ReadonlySet<string> = /* @__PURE__ */ new Set(['receipt', 'push']);

/**
 * Compares a content, which is signed, with its envelope, which is not: an attacker on the path can rewrite the one, but
 * not the other (spec §14.1 #5, §14.2 #16 and #20).
 *
 * @param wire - the content, normalized
 * @throws `format/field` where they contradict each other.
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
    throw fieldError('type', 'differs between content and envelope');
  }
  const outer = groupOf(envelope);
  if (outer !== undefined) {
    const inner = ownMember(wire, 'group') ?? undefined;
    if (inner === undefined || !sameEntity(readID(inner), outer)) {
      throw fieldError('group', 'differs between content and envelope');
    }
  }
  checkReceiver(wire, envelope, readID);
}

/**
 * Names the receiver inside the content, where nobody but the sender can write, so that the receiver cannot pass the
 * message on as if it were for somebody else (spec §14.2 #20). Contents for groups name their group already, and
 * broadcasts are for everybody.
 */
export function bindReceiver(content: Content, receiver: ID): Content {
  if (receiver.isGroup || receiver.isBroadcast || OWN_RECEIVER.has(content.kind)) return content;
  return { ...content, wire: { ...content.wire, receiver: receiver.text } };
}

/** The group an envelope shows: its own, or a receiving group. */
function groupOf({ receiver, group }: Envelope): ID | undefined {
  if (group !== undefined) return group;
  return receiver.isGroup && !receiver.isBroadcast ? receiver : undefined;
}

/** A sender may name the receiver inside, so that nobody can pass the message on as if it were for somebody else. */
function checkReceiver(wire: JsonObject, envelope: Envelope, readID: (text: unknown) => ID): void {
  const receiver = ownMember(wire, 'receiver') ?? undefined;
  const command = ownMember(wire, 'command');
  if (receiver === undefined || (typeof command === 'string' && OWN_RECEIVER.has(command))) return;
  if (!sameEntity(readID(receiver), envelope.receiver)) {
    throw fieldError('receiver', 'differs between content and envelope');
  }
}

/** Contents of a group that somebody may send who is no member of it: asking for admission, and receipts of stations. */
export function needsMembership(content: Content): boolean {
  return content.kind !== 'join' && content.kind !== 'receipt';
}
