import type { PublicKey } from '@dimp/crypto';
import { canEncrypt, canVerify } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import {
  encodeHex,
  isProtocolError,
  type Json,
  type JsonObject,
  ProtocolError,
} from '@dimp/foundation';
import {
  displayNumber,
  EntityType,
  type ID,
  type Meta,
  sameEntity,
  verifyMeta,
  visaKey,
} from '@dimp/mkm';
import { timeText } from '../terminal/text.ts';
import { bad, type Check, checking, good, type Inspection, unknown } from './inspection.ts';
import { barrackOf, type InspectionContext } from './known.ts';
import { redactedObject } from './redact.ts';

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  // If several names have a number, the first one is used.
  Object.entries(EntityType)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** The parts of an ID. */
export function factsOfID(id: ID): JsonObject {
  const { address, type } = id;
  return {
    id: id.text,
    name: id.name,
    address: address.canonical,
    family: address.family,
    network: address.network,
    terminal: id.terminal,
    is: `${TYPE_NAMES.get(type) ?? `type ${type}`}${id.isBroadcast ? ', broadcast' : ''}${id.isGroup ? ', group' : ''}`,
    entity: id.entity,
    ...(id.isBroadcast ? {} : { number: displayNumber(id) }),
  };
}

/** Explains an ID, and reports whether its meta is known. */
export async function inspectID(id: ID, context: InspectionContext): Promise<Inspection> {
  const barrack = barrackOf(context);
  const meta = await barrack.meta(id);
  const checks: Check[] = [good('format', 'a valid ID')];
  if (!id.isBroadcast) {
    checks.push(
      meta === undefined
        ? unknown('meta', 'not known here')
        : good('meta', `known, with a key of ${meta.key.algorithm}`),
    );
  }
  return { kind: 'id', facts: factsOfID(id), checks, parts: [] };
}

/** Facts about a public key, without the key itself. */
export function factsOfKey(key: PublicKey): JsonObject {
  const abilities = [canVerify(key) ? 'verifies' : '', canEncrypt(key) ? 'encrypts' : ''];
  return {
    algorithm: key.algorithm,
    can: abilities.filter((each) => each !== '').join(' and '),
    fingerprint: `SHA-256 ${encodeHex(sha256(key.material))}`,
  };
}

/**
 * Explains a key. For a private key, shows the public half only. For a symmetric key, shows no digest either, because a
 * weak secret could be guessed from it.
 */
export function inspectKey(wire: JsonObject, { protocol }: InspectionContext): Inspection {
  const { keys } = protocol;
  const algorithm = typeof wire['algorithm'] === 'string' ? wire['algorithm'] : undefined;
  const symmetric = keys.algorithms.some(
    ({ kind, name, aliases }) =>
      kind === 'symmetric' && (name === algorithm || aliases?.includes(algorithm ?? '')),
  );
  const facts = redactedObject(wire);
  try {
    if (symmetric) {
      keys.parseSymmetric(wire);
      return key(
        'symmetric-key',
        facts,
        good('format', 'a valid key: anyone who has it can decrypt'),
      );
    }
    if (!isPrivate(wire)) {
      const parsed = attempt(() => keys.parsePublic(wire));
      if (parsed !== undefined) {
        return key(
          'public-key',
          { ...facts, ...factsOfKey(parsed) },
          good('format', 'a valid key'),
        );
      }
    }
    const { publicKey } = keys.parsePrivate(wire) as { readonly publicKey: PublicKey };
    const shown = { ...facts, ...factsOfKey(publicKey) };
    return key('private-key', shown, good('format', 'a valid private key: keep it secret'));
  } catch (error) {
    const kind = symmetric ? 'symmetric-key' : isPrivate(wire) ? 'private-key' : 'public-key';
    return key(kind, facts, bad('format', error));
  }
}

function key(kind: Inspection['kind'], facts: JsonObject, check: Check): Inspection {
  return { kind, facts, checks: [check], parts: [] };
}

function isPrivate({ data }: JsonObject): boolean {
  return typeof data === 'string' && data.includes('PRIVATE KEY');
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isProtocolError(error, 'crypto/key')) return undefined;
    throw error;
  }
}

/**
 * Explains a meta.
 *
 * @param owner - the ID that it is claimed to belong to
 */
export async function inspectMeta(
  wire: Json | undefined,
  context: InspectionContext,
  owner?: ID,
): Promise<Inspection> {
  const { protocol } = context;
  let meta: Meta;
  try {
    meta = protocol.metas.parse(wire);
  } catch (error) {
    return { kind: 'meta', facts: {}, checks: [bad('format', error)], parts: [] };
  }
  const fingerprint = await checking('fingerprint', 'the seed is signed by its key', async () => {
    if (await verifyMeta(meta)) return;
    throw new ProtocolError(
      'identity/meta-mismatch',
      'the seed is not signed by the key of the meta',
    );
  });
  const checks: Check[] = [fingerprint];
  if (owner !== undefined) {
    checks.push(
      await checking('owner', `it belongs to ${owner.text}`, () =>
        protocol.metas.check(meta, owner),
      ),
    );
  }
  const facts: JsonObject = {
    type: meta.type,
    seed: meta.seed,
    key: factsOfKey(meta.key),
    makes: owner === undefined ? [...new Set(idsOf(meta, context))] : [owner.text],
  };
  return { kind: 'meta', facts, checks, parts: [] };
}

/** The user IDs that a meta generates: with the current network byte, and with that of version 0.8 (spec §4.5). */
function idsOf(meta: Meta, { protocol }: InspectionContext): readonly string[] {
  return [EntityType.User, 0x08].flatMap((network) => {
    try {
      return [protocol.metas.makeID(meta, network).text];
    } catch (error) {
      // Not every type of meta supports every network byte.
      if (isProtocolError(error) || error instanceof RangeError) return [];
      throw error;
    }
  });
}

/**
 * Explains a visa, bulletin or profile.
 *
 * @param owner - the ID that it is claimed to belong to
 */
export async function inspectDocument(
  wire: Json | undefined,
  context: InspectionContext,
  owner?: ID,
): Promise<Inspection> {
  const { protocol } = context;
  let document: ReturnType<typeof protocol.documents.parse>;
  try {
    document = protocol.documents.parse(wire, owner);
  } catch (error) {
    return { kind: 'document', facts: {}, checks: [bad('format', error)], parts: [] };
  }
  const id = owner ?? document.did;
  const barrack = barrackOf(context);
  const metaKey = await barrack.documentKey(id);
  const checks: Check[] = [];
  if (!sameEntity(document.did, id)) {
    const error = new ProtocolError(
      'identity/document-invalid',
      'the document belongs to another entity',
    );
    checks.push(bad('owner', error));
  } else if (metaKey === undefined) {
    checks.push(unknown('signature', 'cannot be verified: the meta of the signer is unknown'));
  } else {
    const proof = { id, key: metaKey, now: context.now() / 1000 };
    checks.push(
      await checking('signature', `signed by ${id.text}`, () =>
        protocol.documents.verify(document, proof),
      ),
    );
  }
  checks.push(visaKeyCheck(document, context));
  const facts: JsonObject = {
    did: document.did.text,
    type: document.type,
    time: document.time === undefined ? undefined : timeText(document.time),
    terminal: document.terminal,
    dialect: document.seed ? 'seed' : undefined,
    properties: redactedObject(document.properties),
  };
  return {
    kind: 'document',
    facts,
    checks: checks.filter(({ what }) => what !== ''),
    parts: [],
  };
}

/** Checks whether messages can be encrypted with the key of a visa. */
function visaKeyCheck(
  document: Parameters<typeof visaKey>[0],
  { protocol }: InspectionContext,
): Check {
  if (!Object.hasOwn(document.properties, 'key')) return unknown('', '');
  try {
    const found = visaKey(document, protocol.keys);
    if (found === undefined) return unknown('key', 'the key in it cannot encrypt');
    return good('key', `messages can be encrypted for its ${found.algorithm} key`);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return unknown('key', `the key in it cannot be used [${error.code}]`);
  }
}
