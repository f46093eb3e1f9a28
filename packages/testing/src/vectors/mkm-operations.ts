import { decodeHex, encodeBase64, encodeHex, type JsonObject } from '@dimp/foundation';
import {
  broadcastGroupRoles,
  type Document,
  displayNumber,
  sameEntity,
  seedNumber,
} from '@dimp/mkm';
import { object, text } from './case.ts';
import { clockAt, type VectorContext, type VectorOperations } from './context.ts';

/** The operations of `mkm/`. */
export const mkmOperations: VectorOperations = {
  'address.parse': (input, { protocol }) => {
    const { family, network, canonical, hash } = protocol.addresses.parse(input['text']);
    return { family, network, canonical, hash_hex: hash === undefined ? null : encodeHex(hash) };
  },
  'address.generate': (input, { protocol }) => ({
    address: protocol.addresses.generate(
      text(input, 'family'),
      decodeHex(text(input, 'fingerprint_hex')),
      Number(input['network']),
    ).canonical,
  }),
  'id.parse': (input, { protocol }) => {
    const id = protocol.parseID(input['text']);
    return {
      name: id.name ?? null,
      address: id.address.canonical,
      terminal: id.terminal ?? null,
      network: id.address.network,
      type: id.type,
      group: id.isGroup,
      broadcast: id.isBroadcast,
      entity: id.entity,
    };
  },
  'id.same': (input, { protocol }) => ({
    same: sameEntity(protocol.parseID(input['a']), protocol.parseID(input['b'])),
  }),
  'id.number': (input, { protocol }) => {
    const id = protocol.parseID(input['text']);
    return {
      number_d: id.address.number,
      display_d: displayNumber(id),
      number_s: seedNumber(id),
    };
  },
  'group.broadcast': (input, { protocol }) => {
    const { founder, owner, members } = broadcastGroupRoles(protocol.parseID(input['text']));
    return {
      founder: founder.text,
      owner: owner.text,
      members: members.map((member) => member.text),
    };
  },
  'meta.match': async (input, { protocol: { metas, parseID } }) => {
    const meta = metas.parse(input['meta']);
    const id = parseID(input['id']);
    await metas.check(meta, id);
    return {
      match: true,
      type: meta.type,
      seed: meta.seed ?? null,
      address: metas.makeID(meta, id.address.network).address.canonical,
    };
  },
  'meta.generate': async (input, { protocol: { keys, metas } }) => {
    const type = String(input['type']);
    const meta = await metas.generate({
      type,
      signer: keys.parsePrivate(input['private_key']),
      ...(metas.isSeeded(type) ? { seed: text(input, 'seed') } : {}),
    });
    const id = metas.makeID(meta, Number(input['network'] ?? 0));
    return {
      id: id.text,
      ...(meta.fingerprint === undefined
        ? {}
        : { fingerprint_b64: encodeBase64(meta.fingerprint) }),
    };
  },
  'document.verify': async (input, context) => {
    const document = await verified(input, 'document', context);
    return {
      did: document.did.text,
      type: document.type,
      properties: document.properties,
    };
  },
  'document.replace': async (input, context) => {
    const stored = await verified(input, 'stored', context, false);
    const document = await verified(input, 'document', context);
    context.protocol.documents.checkReplacement(document, stored);
    return { stored_name: document.properties['name'] ?? null };
  },
};

async function verified(
  input: JsonObject,
  name: string,
  { protocol }: VectorContext,
  checkTime = true,
): Promise<Document> {
  const id = protocol.parseID(input['id']);
  const document = protocol.documents.parse(object(input, name), id);
  const { key } = protocol.metas.parse(input['meta']);
  const now = checkTime ? clockAt(input).now() / 1000 : Number.MAX_SAFE_INTEGER;
  await protocol.documents.verify(document, { id, key, now });
  return document;
}
