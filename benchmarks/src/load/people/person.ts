import { Facebook, Messenger } from '@dimp/client';
import { seconds, systemClock } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { canDecrypt } from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, type ID, signDocument } from '@dimp/mkm';
import { protocol } from '../../people.ts';

/** A user as JSON, for other threads and processes. */
export interface PersonData {
  readonly id: string;
  readonly meta: JsonObject;
  readonly visa: JsonObject;
  /** Private identity key. */
  readonly signer: JsonObject;
}

type Algorithm = 'RSA' | 'Ed25519';

/** Makes the key of all visas. No server opens what is encrypted for it, so one is as good as many, and much faster. */
export async function newMessageKey(): Promise<JsonObject> {
  return (await protocol.keys.generate('RSA', { bits: 2048 })).toWire();
}

/** Makes a user with a given private key for their visa. */
export async function newPersonData(
  algorithm: Algorithm,
  messageKey: JsonObject,
): Promise<PersonData> {
  const { keys, metas } = protocol;
  const signer = await keys.generate(algorithm, algorithm === 'RSA' ? { bits: 2048 } : undefined);
  const meta = await metas.generate({ type: '1', signer, seed: 'load' });
  const did = metas.makeID(meta, EntityType.User);
  const properties = { key: keys.parsePrivate(messageKey).publicKey.toWire() };
  const now = seconds(systemClock);
  const visa = await signDocument({ did, type: 'visa', properties, now }, signer);
  return { id: did.text, meta: meta.wire, visa: visa.wire, signer: signer.toWire() };
}

type LoadFacebook = Facebook<typeof protocol>;

/** Makes users of this machine of them: the facebook can speak for them then. @returns their IDs */
export async function adopt(
  facebook: LoadFacebook,
  people: readonly PersonData[],
  messageKey: JsonObject,
): Promise<readonly ID[]> {
  const opener = protocol.keys.parsePrivate(messageKey);
  if (!canDecrypt(opener)) throw new TypeError('the message key cannot decrypt');
  const ids: ID[] = [];
  for (const { id, meta, visa, signer } of people) {
    const parsed = protocol.parseID(id);
    await facebook.saveLocalUser({
      id: parsed,
      meta: protocol.metas.parse(meta),
      documents: [protocol.documents.parse(visa, parsed)],
      signer: protocol.keys.parsePrivate(signer),
      messageKeys: [opener],
    });
    ids.push(parsed);
  }
  return ids;
}

/** A messenger of one user, over memory. */
export async function messengerOf(
  person: PersonData,
  messageKey: JsonObject,
): Promise<Messenger<typeof protocol>> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  await adopt(facebook, [person], messageKey);
  return new Messenger({ facebook });
}
