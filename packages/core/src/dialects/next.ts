import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import type { Dialect, WireScope } from './dialect.ts';
import { normalizeWire } from './incoming.ts';
import { shortenKeys } from './short-keys.ts';

/**
 * What 2.4 peers write (spec §15.1, §17.7): single-letter names, types as text, message keys under `keys` only, one
 * name for each thing.
 */
export const next: Dialect<'next'> = {
  name: 'next',
  ivInKey: false,
  incoming: normalizeWire,
  outgoing,
};

function outgoing(scope: WireScope, wire: JsonObject): JsonObject {
  switch (scope) {
    case 'message':
      return shortenKeys('message', keysOnly(wire));
    case 'content':
      return shortenKeys('content', secretsOnly(wire));
    case 'key':
      return shortenKeys('key', wire);
    case 'meta':
    case 'document':
      return wire;
  }
}

/** A reader of 2.4 looks into `keys` and nowhere else (spec §8.6). */
function keysOnly(wire: JsonObject): JsonObject {
  const { key, ...rest } = wire;
  const receiver = ownMember(wire, 'receiver');
  if (typeof key !== 'string' || typeof receiver !== 'string') return wire;
  const keys = ownMember(wire, 'keys');
  const [entity = receiver] = receiver.split('/');
  return { ...rest, keys: { ...(isJsonObject(keys) ? keys : {}), [entity]: key } };
}

/** A forward content of 2.4 has a list, also for one message (spec §9.2). */
function secretsOnly(wire: JsonObject): JsonObject {
  const { forward, ...rest } = wire;
  if (ownMember(wire, 'type') !== '255' || !isJsonObject(forward)) return wire;
  return Object.hasOwn(rest, 'secrets') ? rest : { ...rest, secrets: [forward] };
}
