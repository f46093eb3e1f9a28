import type { KeyRegistry } from '@dimp/crypto';
import { canVerify } from '@dimp/crypto';
import {
  decodeTed,
  encodeTed,
  fieldError,
  foreignError,
  isJsonObject,
  isProtocolError,
  type Json,
  type JsonObject,
  ownMember,
  ProtocolError,
  toText,
  utf8Encode,
} from '@dimp/foundation';
import type { AddressRegistry } from './address-registry.ts';
import { type ID, makeID } from './id.ts';
import { type Meta, type MetaRequest, type MetaType, nameMatchesSeed, verifyMeta } from './meta.ts';
import { checkName } from './parse-id.ts';

/** The parts of a protocol that a meta registry uses. */
export interface MetaContext {
  readonly keys: Pick<KeyRegistry, 'parsePublic'>;
  readonly addresses: AddressRegistry;
}

/** The meta types of one protocol instance. */
export interface MetaRegistry<T extends MetaType = MetaType> {
  /**
   * Reads a meta without verifying its fingerprint.
   *
   * @throws `format/field` for missing or contradicting members, `format/bytes`, `unsupported/meta`,
   *   `unsupported/algorithm`, `crypto/key`
   */
  parse(wire: Json | undefined): Meta;
  /**
   * Whether metas of a type have a seed, and their IDs a name (spec §6.1).
   *
   * @throws `unsupported/meta`
   */
  isSeeded(type: string): boolean;
  /** Creates a meta and signs its seed if the type has one (spec §6.3). */
  generate(request: MetaRequest): Promise<Meta>;
  /**
   * Returns the ID of a meta for a kind of entity.
   *
   * @param network - network byte: an `EntityType`, or a legacy `NetworkID` for 0.8 accounts
   */
  makeID(meta: Meta, network: number, terminal?: string): ID;
  /**
   * Whether name and address of an ID follow from a meta. Meaningful only for a meta that {@link verifyMeta} accepted.
   *
   * @throws `unsupported/meta` if the meta's type fails
   */
  matchesID(meta: Meta, id: ID): boolean;
  /**
   * Checks a received meta against an ID: fingerprint, name and address (spec §6.4).
   *
   * @throws `identity/meta-mismatch`; `unsupported/meta` if its type fails, `crypto/key` if its key does
   */
  check(meta: Meta, id: ID): Promise<void>;
  with<const U extends readonly MetaType[]>(...more: U): MetaRegistry<T | U[number]>;
  readonly types: readonly T[];
}

/**
 * Creates a registry of meta types.
 *
 * @throws `registry/duplicate` if two types share a number or word
 */
export function metaRegistry<const T extends readonly MetaType[]>(
  context: MetaContext,
  ...types: T
): MetaRegistry<T[number]> {
  const table = new Map<string, MetaType>();
  for (const type of types) {
    for (const name of [type.type, ...(type.aliases ?? [])]) {
      if (table.has(name)) {
        throw new ProtocolError('registry/duplicate', `meta type "${name}" is registered twice`, {
          details: { name },
        });
      }
      table.set(name, type);
    }
  }
  const find = (name: string): MetaType => {
    const type = table.get(name);
    if (type === undefined) {
      throw new ProtocolError('unsupported/meta', 'meta type is not registered', {
        details: { type: name.slice(0, 64) },
      });
    }
    return type;
  };

  const registry: MetaRegistry<T[number]> = {
    types: Object.freeze([...types]),
    parse: (wire) => parseMeta(wire, find, context),
    isSeeded: (type) => find(type).seeded,
    async generate({ type = '1', signer, seed }) {
      const metaType = find(type);
      const key = signer.publicKey;
      if (!metaType.seeded) {
        if (seed !== undefined)
          throw new TypeError(`a meta of type ${metaType.type} must not have a seed`);
        return { type: metaType.type, key, wire: { type: metaType.type, key: key.toWire() } };
      }
      if (seed === undefined)
        throw new TypeError(`a meta of type ${metaType.type} must have a seed`);
      checkName(seed);
      const fingerprint = await signer.sign(utf8Encode(seed));
      const wire = {
        type: metaType.type,
        key: key.toWire(),
        seed,
        fingerprint: encodeTed(fingerprint),
      };
      return { type: metaType.type, key, seed, fingerprint, wire };
    },
    makeID(meta, network, terminal) {
      const address = find(meta.type).address(meta, network, context.addresses);
      return makeID({ name: meta.seed, address, terminal });
    },
    matchesID(meta, id) {
      if (id.isBroadcast || !nameMatchesSeed(id, meta)) return false;
      try {
        const address = find(meta.type).address(meta, id.address.network, context.addresses);
        return address.canonical === id.address.canonical;
      } catch (error) {
        // This meta type has no address for such a network byte or key.
        if (isProtocolError(error) || error instanceof RangeError) return false;
        // A type that fails does not mean that the meta is wrong.
        throw foreignError(error, {
          code: 'unsupported/meta',
          message: 'the meta type could not generate an address',
          details: { type: meta.type },
        });
      }
    },
    async check(meta, id) {
      if (!registry.matchesID(meta, id) || !(await verifyMeta(meta))) {
        throw new ProtocolError('identity/meta-mismatch', 'meta does not belong to the ID', {
          details: { id: id.text },
        });
      }
    },
    with: (...more) => metaRegistry(context, ...types, ...more),
  };
  return Object.freeze(registry);
}

function parseMeta(
  wire: Json | undefined,
  find: (name: string) => MetaType,
  { keys }: MetaContext,
): Meta {
  if (!isJsonObject(wire)) throw fieldError('meta', 'must be a JSON object');
  const type = readType(wire, find);
  const keyWire = ownMember(wire, 'key');
  if (!isJsonObject(keyWire)) throw fieldError('key', 'must be a JSON object');
  const seed = ownMember(wire, 'seed') ?? undefined;
  const fingerprint = ownMember(wire, 'fingerprint') ?? undefined;
  if (!type.seeded) {
    if (seed !== undefined || fingerprint !== undefined) {
      throw fieldError('seed', 'must not be in a meta of this type');
    }
    return { type: type.type, key: verifyKey(keys.parsePublic(keyWire)), wire };
  }
  if (typeof seed !== 'string' || seed === '') throw fieldError('seed', 'must be a non-empty text');
  const bytes = decodeTed(fingerprint);
  if (bytes === undefined) throw fieldError('fingerprint', 'is missing');
  const key = verifyKey(keys.parsePublic(keyWire));
  return { type: type.type, key, seed, fingerprint: bytes, wire };
}

/** Reads `type`, else `version`. If both are present, they must mean the same type (spec §6.2). */
function readType(wire: JsonObject, find: (name: string) => MetaType): MetaType {
  const type = toText(ownMember(wire, 'type'), 'type');
  const version = toText(ownMember(wire, 'version'), 'version');
  const first = type ?? version;
  if (first === undefined) throw fieldError('type', 'is missing');
  const found = find(first);
  if (type !== undefined && version !== undefined && find(version) !== found) {
    throw fieldError('version', 'contradicts type');
  }
  return found;
}

function verifyKey(key: unknown): Meta['key'] {
  const found = key as Meta['key'];
  if (!canVerify(found)) {
    throw new ProtocolError('crypto/key', 'the key of a meta must verify signatures');
  }
  return found;
}
