import { Barrack, Transceiver } from '@dimp/core';
import { MemoryArchive } from '@dimp/core/memory';
import { canDecrypt, type DecryptKey, type Signer } from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';
import { isProtocolError } from '@dimp/foundation';
import { texts, type VectorAccount } from './case.ts';
import { clockAt, type VectorContext } from './context.ts';

/** Creates what a case describes: a local user, known accounts and groups, a clock. */
export async function makeReader(
  input: JsonObject,
  { protocol, accounts }: VectorContext,
): Promise<Transceiver> {
  const archive = new MemoryArchive();
  const barrack = new Barrack(protocol, archive, { clock: clockAt(input) });
  const find = (name: string): VectorAccount => {
    const account = accounts[name];
    if (account === undefined) throw new TypeError(`no account "${name}"`);
    return account;
  };
  const local = input['local'];
  if (typeof local === 'string') archive.addIdentity(identityOf(find(local), protocol));
  for (const name of texts(input, 'known')) await introduce(barrack, find(name));
  for (const name of texts(input, 'groups')) {
    const group = find(name);
    for (const member of group.members ?? []) await introduce(barrack, find(member), false);
    const members = (group.members ?? []).map((member) => protocol.parseID(find(member).id));
    await barrack.saveMembers(protocol.parseID(group.id), members);
    await introduce(barrack, group);
  }
  return new Transceiver({ barrack });
}

function identityOf(account: VectorAccount, protocol: VectorContext['protocol']) {
  const { identity_key: identityKey, message_keys: messageKeys = [] } = account;
  const signer: Signer = protocol.keys.parsePrivate(identityKey);
  const keys = messageKeys.map((wire) => protocol.keys.parsePrivate(wire)) as unknown[];
  const decryptKeys = [...keys, ...(canDecrypt(signer) ? [signer] : [])] as DecryptKey[];
  return { id: protocol.parseID(account.id), signer, decryptKeys };
}

async function introduce(
  barrack: Barrack,
  account: VectorAccount,
  documents = true,
): Promise<void> {
  const id = barrack.protocol.parseID(account.id);
  await barrack.saveMeta(account.meta, id);
  for (const document of documents ? account.documents : []) {
    try {
      await barrack.saveDocument(document, id);
    } catch (error) {
      // The clock of a case may be before the account's documents were signed.
      if (!isProtocolError(error, 'identity/document-invalid')) throw error;
    }
  }
}
