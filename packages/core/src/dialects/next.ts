import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import type { Dialect, WireScope } from './dialect.ts';
import { mapMember, metaType } from './double.ts';
import { shortenKeys } from './short-keys.ts';

/**
 * The dialect of 2.4 peers (spec §15.1, §17.7): single-letter names, types as text, message keys in `keys` only, one name for
 * each thing.
 */
export const next: Dialect<'next'> = {
  name: 'next',
  ivInKey: false,
  outgoing,
};

function outgoing(scope: WireScope, wire: JsonObject): JsonObject {
  switch (scope) {
    case 'message':
      return shortenKeys('message', mapMember(keysOnly(wire), 'meta', meta));
    case 'content':
      return shortenKeys('content', content(wire));
    case 'key':
      return shortenKeys('key', wire);
    case 'meta':
      return meta(wire);
    case 'document':
      return wire;
  }
}

/** Moves the key into `keys`, the only place where 2.4 peers look (spec §8.6). */
function keysOnly(wire: JsonObject): JsonObject {
  const { key, ...rest } = wire;
  const receiver = ownMember(wire, 'receiver');
  if (typeof key !== 'string' || typeof receiver !== 'string') return wire;
  const keys = ownMember(wire, 'keys');
  const [entity = receiver] = receiver.split('/');
  return { ...rest, keys: { ...(isJsonObject(keys) ? keys : {}), [entity]: key } };
}

function content(wire: JsonObject): JsonObject {
  return ownMember(wire, 'type') === '136' ? mapMember(wire, 'meta', meta) : secretsOnly(wire);
}

/** Writes the meta type as text in `type`, the only form that 2.4 peers read (spec §6.2). */
function meta(wire: JsonObject): JsonObject {
  const { version: _version, ...rest } = wire;
  const type = metaType(wire);
  if (type === undefined) return rest;
  // Only a number is converted: an object with a member `toString` would throw.
  return { ...rest, type: typeof type === 'number' ? String(type) : type };
}

/** Writes a forward content as a list, as 2.4 peers do even for one message (spec §9.2). */
function secretsOnly(wire: JsonObject): JsonObject {
  const { forward, ...rest } = wire;
  if (ownMember(wire, 'type') !== '255' || !isJsonObject(forward)) return wire;
  return Object.hasOwn(rest, 'secrets') ? rest : { ...rest, secrets: [forward] };
}
