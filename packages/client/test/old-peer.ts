import {
  encodeBase64,
  type Json,
  type JsonObject,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { expect } from 'vitest';
import { protocol } from './people.ts';
import type { Client } from './world.ts';

/** What a message of an older program is made of. */
export interface OldMessage {
  /** The content as it is encrypted. */
  readonly text: string | Uint8Array;
  /** A message key; a new one by default. */
  readonly key?: JsonObject;
  readonly iv?: Uint8Array;
  /** Of the envelope, in seconds since the epoch. */
  readonly time: number;
  /** Members of the message that replace others. */
  readonly extra?: JsonObject;
}

/** A message key as older programs make it: it does not name its sender. */
export function oldKey(): JsonObject {
  const data = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
  return { algorithm: 'AES', data };
}

/**
 * A message as an older program makes it, or an attacker who imitates one: the wrapped key names no sender, and the
 * content does not name its IV.
 */
export async function oldMessage(
  from: Pick<Client, 'id' | 'facebook'>,
  to: Pick<Client, 'id' | 'facebook'>,
  { text, key = oldKey(), iv, time, extra = {} }: OldMessage,
): Promise<JsonObject> {
  const symmetric = protocol.keys.parseSymmetric(key);
  const plaintext = typeof text === 'string' ? utf8Encode(text) : text;
  const carrier = iv === undefined ? {} : { IV: encodeBase64(iv) };
  const sealed = await symmetric.encrypt(plaintext, carrier);
  const receiverKey = await to.facebook.encryptKey(to.id);
  if (receiverKey === undefined) expect.unreachable();
  const wrapped = await receiverKey.encrypt(utf8Encode(stringifyJson(key)));
  const signer = await from.facebook.requireSigner(from.id);
  return {
    sender: from.id.text,
    receiver: to.id.text,
    time,
    ...carrier,
    ...(sealed.extra as Record<string, Json>),
    data: encodeBase64(sealed.ciphertext),
    key: encodeBase64(wrapped),
    signature: encodeBase64(await signer.sign(sealed.ciphertext)),
    ...extra,
  };
}

export function bytesOf(wire: JsonObject): Uint8Array {
  return utf8Encode(stringifyJson(wire));
}
