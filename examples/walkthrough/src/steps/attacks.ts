import { Text } from '@dimp/extensions/contents';
import {
  decodeBase64,
  type ErrorCode,
  encodeBase64,
  isProtocolError,
  type JsonObject,
  parseJsonObject,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { type Person, pack } from '../people.ts';
import { ensure, type Stage } from '../stage.ts';

/** Tampers with a valid message in four ways. Each must be refused with its error code. */
export async function attacks(
  stage: Stage,
  alice: Person,
  bob: Person,
  carol: Person,
): Promise<void> {
  stage.step('Four attacks on a message, all refused');
  const bytes = await pack(alice, Text.create({ text: 'I owe you 10.' }), bob.user.id);
  const message = parseJsonObject(bytes);
  await refuses(stage, bob, 'one bit', 'crypto/signature', {
    ...message,
    data: flipBit(message['data']),
  });
  await refuses(stage, bob, 'forged', 'crypto/signature', {
    ...message,
    signature: encodeBase64(await sign(carol, decodeBase64(String(message['data'])))),
  });
  await refuses(stage, carol, 'readdressed', 'crypto/decrypt', {
    ...message,
    receiver: carol.user.id.text,
    keys: undefined,
  });
  stage.note(
    'bob can decrypt the message key and encrypt it again for carol. The signature of alice stays valid.',
  );
  await refuses(stage, carol, 'passed on', 'crypto/decrypt', {
    ...message,
    receiver: carol.user.id.text,
    keys: undefined,
    key: encodeBase64(await rewrap(bob, carol, decodeBase64(String(message['key'])))),
  });
  stage.note(
    'The last one is refused, too, because the encrypted data is bound to bob as the receiver.',
  );
}

/**
 * Lets a person unpack a message that must be refused.
 *
 * @throws `Error` if it is accepted, or refused for another reason.
 */
async function refuses(
  stage: Stage,
  { messenger }: Person,
  label: string,
  code: ErrorCode,
  message: JsonObject,
): Promise<void> {
  const error = await failure(() => messenger.unpack(utf8Encode(stringifyJson(message))));
  ensure(isProtocolError(error), `"${label}" is refused`);
  ensure(error.code === code, `"${label}" is refused with ${code}, not ${error.code}`);
  stage.refused(label, `refused: ${error.code} (${error.message})`);
}

async function failure(attempt: () => Promise<unknown>): Promise<unknown> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

function flipBit(data: JsonObject[string]): string {
  const bytes = decodeBase64(String(data));
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return encodeBase64(bytes);
}

async function sign({ user }: Person, data: Uint8Array): Promise<Uint8Array> {
  const signer = await user.signer();
  ensure(signer !== undefined, 'each person has a signing key');
  return signer.sign(data);
}

async function rewrap(owner: Person, victim: Person, wrapped: Uint8Array): Promise<Uint8Array> {
  const [key] = await owner.user.decryptKeys();
  const victimKey = await victim.user.encryptKey();
  ensure(key !== undefined && victimKey !== undefined, 'each person has a key in their visa');
  return victimKey.encrypt(await key.decrypt(wrapped));
}
