import { messageID } from '@dimp/client';
import { isWaiting, type LocalIdentity, Transceiver } from '@dimp/core';
import { normalizeMessage } from '@dimp/core/dialects';
import type { VerifyKey } from '@dimp/crypto';
import { type Envelope, parseEnvelope, type ReliableMessage, STATION_MEMBERS } from '@dimp/dkd';
import { isJsonObject, type JsonObject, ProtocolError } from '@dimp/foundation';
import type { ID, Meta } from '@dimp/mkm';
import { timeText } from '../terminal/text.ts';
import { inspectContent } from './content.ts';
import { spellingOf } from './dialect.ts';
import { inspectDocument, inspectMeta } from './entity.ts';
import { bad, type Check, good, type Inspection, unknown, verdictOf } from './inspection.ts';
import { barrackOf, type InspectionContext } from './known.ts';

/**
 * Explains a signed message: its envelope, whether attachments and signature are valid, and whether a peer would accept it.
 * Shows the content if it is not encrypted, or if a user of the profile can decrypt it.
 */
export async function inspectReliableMessage(
  wire: JsonObject,
  context: InspectionContext,
): Promise<Inspection> {
  let message: ReliableMessage;
  try {
    message = context.protocol.parseMessage(wire);
  } catch (error) {
    return { kind: 'reliable-message', facts: {}, checks: [bad('format', error)], parts: [] };
  }
  const { envelope } = message;
  const { sender, receiver } = envelope;
  const more = message.broadcast ? [await temporaryReceiver(receiver, context)] : [];
  const barrack = barrackOf(context, more);
  const parts: Inspection[] = [];
  const checks: Check[] = [];

  // First one by one, to report every error; then together, as a peer does.
  let signerKey = (await barrack.verifyKey(sender)) as VerifyKey | undefined;
  if (message.meta !== undefined) {
    const inspected = await inspectMeta(message.meta, context, sender);
    parts.push(inspected);
    if (verdictOf(inspected) === 'good') {
      signerKey = context.protocol.metas.parse(message.meta).key as Meta['key'];
    }
  }
  if (message.visa !== undefined) {
    const metas = message.meta === undefined ? context.metas : [...context.metas, message.meta];
    parts.push(await inspectDocument(message.visa, { ...context, metas }, sender));
  }
  checks.push(await signatureCheck(message, signerKey));

  const transceiver = new Transceiver({ barrack });
  const content = await asPeer(message, transceiver, checks, context);
  if (content !== undefined) parts.push(content);
  return { kind: 'reliable-message', facts: factsOf(message), checks, parts };
}

/** Explains a message that is not signed. */
export function inspectUnsigned(wire: JsonObject, context: InspectionContext): Promise<Inspection> {
  const content = isJsonObject(wire['content']) ? wire['content'] : undefined;
  return inspectEnvelope(wire, content, context);
}

async function inspectEnvelope(
  wire: JsonObject,
  content: JsonObject | undefined,
  context: InspectionContext,
): Promise<Inspection> {
  const kind = content === undefined ? 'secure-message' : 'instant-message';
  try {
    const envelope = parseEnvelope(normalizeMessage(wire), context.protocol.parseID);
    const parts =
      content === undefined ? [] : [await inspectContent(content, context, inspectReliableMessage)];
    return { kind, facts: envelopeFacts(envelope), checks: [unsigned()], parts };
  } catch (error) {
    return { kind, facts: {}, checks: [bad('format', error)], parts: [] };
  }
}

function unsigned(): Check {
  return unknown('signature', 'not signed: anyone may have written this');
}

async function signatureCheck(
  { data, signature, envelope: { sender } }: ReliableMessage,
  key: VerifyKey | undefined,
): Promise<Check> {
  if (sender.isBroadcast || sender.isGroup) {
    return bad('sender', new ProtocolError('format/field', 'sender must be a single user'));
  }
  if (key === undefined)
    return unknown('signature', `cannot be verified: the meta of ${sender.text} is unknown`);
  if (await key.verify(data, signature)) return good('signature', `signed by ${sender.text}`);
  return bad(
    'signature',
    new ProtocolError('crypto/signature', 'the message is not signed by its sender'),
  );
}

/** Processes the message as a peer does, and adds the reason for a refusal to `checks`. @returns the content if it can be read */
async function asPeer(
  message: ReliableMessage,
  transceiver: Transceiver,
  checks: Check[],
  context: InspectionContext,
): Promise<Inspection | undefined> {
  const { receiver } = message.envelope;
  try {
    const verified = await transceiver.verify(message);
    if (isWaiting(verified)) return undefined;
    const local = await transceiver.barrack.selectLocalUser(receiver);
    if (local === undefined) {
      checks.push(good('content', `encrypted for ${receiver.text}; only they can read it`));
      return undefined;
    }
    const { content } = await transceiver.decrypt(verified);
    const how = message.broadcast
      ? 'not encrypted, because it is a broadcast'
      : `decrypted for ${local.id.text}`;
    checks.push(good('content', `${how}; it matches the envelope`));
    return await inspectContent(content.wire, context, inspectReliableMessage);
  } catch (error) {
    const refused = bad('accepted', error);
    if (!checks.some(({ code }) => code === refused.code)) checks.push(refused);
    return undefined;
  }
}

/** A temporary user as the receiver of a broadcast, which is not encrypted. */
async function temporaryReceiver(
  receiver: ID,
  { protocol }: InspectionContext,
): Promise<LocalIdentity> {
  const signer = await protocol.keys.generate('Ed25519');
  return { id: receiver, signer: signer as LocalIdentity['signer'], decryptKeys: [] };
}

function factsOf(message: ReliableMessage): JsonObject {
  const { envelope, broadcast, data, key, keys, meta, visa, signature, wire } = message;
  const spelling = spellingOf(wire);
  const stations = STATION_MEMBERS.filter((name) => Object.hasOwn(wire, name));
  return {
    ...envelopeFacts(envelope),
    broadcast,
    dialect: spelling.dialect,
    because: [...spelling.because],
    messageID: messageID(message),
    dataBytes: data.length,
    signatureBytes: signature.length,
    messageKey: broadcast ? 'none: broadcasts are not encrypted' : keyFact(key, keys),
    attached: [meta === undefined ? '' : 'meta', visa === undefined ? '' : 'visa'].filter(
      (name) => name !== '',
    ),
    ...(stations.length === 0 ? {} : { addedByStations: stations }),
  };
}

function keyFact(
  key: Uint8Array | undefined,
  keys: Readonly<Record<string, string>> | undefined,
): string {
  const names = Object.keys(keys ?? {});
  if (names.length > 1) return `encrypted for ${names.length} readers`;
  if (key !== undefined || names.length === 1) return 'encrypted for the receiver';
  return 'none: that of an earlier message';
}

function envelopeFacts({ sender, receiver, time, group, type }: Envelope): JsonObject {
  return {
    sender: sender.text,
    receiver: receiver.text,
    group: group?.text,
    time: timeText(time),
    contentType: type,
  };
}
