import {
  decodeBase64,
  encodeBase64,
  type JsonObject,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type Person, protocol } from './test-users.ts';

/** A message key as older programs make it: it does not name its sender. */
export function oldKey(): JsonObject {
  return { algorithm: 'AES', data: encodeBase64(randomBytes(32)) };
}

/** A message as an older program makes it: any content, nothing that binds it to its IV, its sender or its receiver. */
export async function oldMessage(
  from: Person,
  to: ID,
  text: string | Uint8Array,
  key: JsonObject = oldKey(),
): Promise<JsonObject> {
  const plaintext = typeof text === 'string' ? utf8Encode(text) : text;
  const sealed = await protocol.keys.parseSymmetric(key).encrypt(plaintext, {});
  const receiverKey = await from.facebook.encryptKey(to);
  const wrapped = await receiverKey?.encrypt(utf8Encode(JSON.stringify(key)));
  if (wrapped === undefined) throw new Error('the receiver has no key');
  return signed(from, {
    receiver: to.text,
    time: Date.now() / 1000,
    ...sealed.extra,
    data: encodeBase64(sealed.ciphertext),
    key: encodeBase64(wrapped),
  });
}

/** The same ciphertext, sent and signed by another user, which anyone can do. */
export async function signed(by: Person, wire: JsonObject): Promise<JsonObject> {
  const signer = await by.facebook.requireSigner(by.id);
  const signature = encodeBase64(await signer.sign(decodeBase64(String(wire['data']))));
  return { ...wire, sender: by.id.text, signature };
}

/** Replaces the first block, which any relay can do. */
export function withFirstBlock(wire: JsonObject, before: string, after: string): JsonObject {
  const iv = decodeBase64(String(wire['IV']));
  const [old, other] = [before, after].map((each) => utf8Encode(each));
  const changed = iv.map((byte, at) => byte ^ (old?.[at] ?? 0) ^ (other?.[at] ?? 0));
  return { ...wire, IV: encodeBase64(changed) };
}
