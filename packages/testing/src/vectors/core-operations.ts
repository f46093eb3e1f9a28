import { isWaiting, splitMessage, type Transceiver } from '@dimp/core';
import { normalizeType } from '@dimp/core/dialects';
import { sha256 } from '@dimp/crypto/digests';
import { type InstantMessage, isBroadcast, type ReliableMessage } from '@dimp/dkd';
import {
  decodeHex,
  encodeBase64,
  encodeHex,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJsonObject,
  utf8Encode,
} from '@dimp/foundation';
import { text, texts } from './case.ts';
import type { VectorContext, VectorOperations } from './context.ts';
import { makeReader } from './reader.ts';
import { readingOf } from './reading.ts';

/** The operations of `core/`. */
export const coreOperations: VectorOperations = {
  'message.encrypt': encrypt,
  'message.open': async (input, context) =>
    open(await makeReader(input, context), messageOf(input)),
  'message.sequence': async (input, context) => {
    const reader = await makeReader(input, context);
    const results: JsonObject[] = [];
    for (const message of texts(input, 'messages_utf8')) results.push(await open(reader, message));
    return { results };
  },
  'message.verify': async (input, context) => {
    const reader = await makeReader(input, context);
    const message = reader.deserialize(messageOf(input));
    const verified = await reader.verify(message);
    return {
      valid: !isWaiting(verified),
      signed_sha256_hex: encodeHex(sha256(message.data)),
    };
  },
  'message.split': (input, { protocol }) => {
    const message = protocol.parseMessage(text(input, 'message_utf8'));
    const members = texts(input, 'members').map(protocol.parseID);
    return {
      messages: splitMessage(message, members, protocol.parseID).map((each) => each.wire),
    };
  },
};

/** Opens a message and returns everything that a case may expect of it. */
export async function open(reader: Transceiver, input: string | Uint8Array): Promise<JsonObject> {
  const message: ReliableMessage = reader.deserialize(input);
  const { sender, receiver, group } = message.envelope;
  const before = await known(reader, message);
  const verified = await reader.verify(message);
  if (isWaiting(verified)) throw new Error(`meta of ${verified.id.text} is not known`);
  const instant = await reader.decrypt(verified);
  const { content } = instant;
  const after = await known(reader, message);
  return {
    sender: sender.text,
    receiver: receiver.text,
    group: group?.text ?? null,
    broadcast: message.broadcast,
    signed_sha256_hex: encodeHex(sha256(message.data)),
    content: readingOf(content),
    opening: openingOf(reader, instant),
    learned: { meta: !before.meta && after.meta, visa: !before.visa && after.visa },
    ...(message.broadcast ? { content_sha256_hex: encodeHex(sha256(message.data)) } : {}),
  };
}

function openingOf(reader: Transceiver, instant: InstantMessage): JsonObject | null {
  const opening = reader.openingOf(instant);
  if (opening === undefined) return null;
  return {
    algorithm: opening.key?.algorithm ?? null,
    proven: opening.proven,
    time_trusted: opening.timeTrusted,
  };
}

async function known(
  { barrack }: Transceiver,
  { envelope }: ReliableMessage,
): Promise<{ readonly meta: boolean; readonly visa: boolean }> {
  return {
    meta: (await barrack.meta(envelope.sender)) !== undefined,
    visa: (await barrack.document(envelope.sender)) !== undefined,
  };
}

async function encrypt(
  input: JsonObject,
  { protocol, accounts }: VectorContext,
): Promise<JsonObject> {
  const receiver = protocol.parseID(input['receiver']);
  const group = input['group'] === undefined ? undefined : protocol.parseID(input['group']);
  const content = text(input, 'content_utf8');
  const plaintext = utf8Encode(content);
  const broadcast = isBroadcast({ receiver, ...(group === undefined ? {} : { group }) });
  const key = broadcast ? undefined : protocol.keys.parseSymmetric(input['key']);
  const sealed = await key?.encrypt(plaintext, { IV: text(input, 'iv_b64') });
  const data = sealed?.ciphertext ?? plaintext;
  const signer = protocol.keys.parsePrivate(accounts[text(input, 'sender')]?.identity_key as Json);
  return {
    data: broadcast ? content : encodeBase64(data),
    type: normalizeType(parseJsonObject(content)['type']) ?? null,
    to_sign_hex: encodeHex(data),
    signature_b64: encodeBase64(await signer.sign(data)),
  };
}

function messageOf(input: JsonObject): string | Uint8Array {
  const { message_utf8, message_hex, message_parts } = input;
  if (typeof message_hex === 'string') return decodeHex(message_hex);
  if (Array.isArray(message_parts)) return message_parts.map(partOf).join('');
  if (typeof message_utf8 === 'string') return message_utf8;
  throw new TypeError('vector input has no message');
}

function partOf(part: Json): string {
  if (typeof part === 'string') return part;
  if (!isJsonObject(part)) throw new TypeError('a part in vector input must be an object');
  return text(part, 'repeat').repeat(Number(part['times']));
}
