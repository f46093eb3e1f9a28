import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';
import type { Dialect, WireScope } from './dialect.ts';
import { double, mapElements, mapMember, metaType, pick } from './double.ts';
import { numericType } from './type-number.ts';

/**
 * The dialect of the current network (spec §15.2): long names, doubled members, both `key` and `keys[receiver]`. Peers of the
 * other generations can read most of it.
 */
export const deployed: Dialect<'deployed'> = {
  name: 'deployed',
  ivInKey: false,
  outgoing,
};

function outgoing(scope: WireScope, wire: JsonObject): JsonObject {
  switch (scope) {
    case 'message':
      return message(wire);
    case 'content':
      // The conversion of peers is shallow: nested contents keep their type as text (spec §1.7).
      return { ...names(wire), type: numericType(ownMember(wire, 'type')) };
    case 'meta':
      return meta(wire);
    case 'document':
      return double(wire, 'did', 'ID');
    case 'key':
      return wire;
  }
}

function message(wire: JsonObject): JsonObject {
  return mapMember(mapMember(bothKeys(wire), 'meta', meta), 'visa', (visa) =>
    double(visa, 'did', 'ID'),
  );
}

/** Writes the key of a personal message twice: current peers read `key`, later ones `keys` (spec §15.2). */
function bothKeys(wire: JsonObject): JsonObject {
  const key = ownMember(wire, 'key');
  const receiver = ownMember(wire, 'receiver');
  if (typeof key !== 'string' || typeof receiver !== 'string') return wire;
  if (Object.hasOwn(wire, 'keys')) return wire;
  const [entity = receiver] = receiver.split('/');
  return { ...wire, keys: { [entity]: key } };
}

function meta(wire: JsonObject): JsonObject {
  const type = numericType(metaType(wire));
  return { ...wire, type, version: type };
}

function names(wire: JsonObject): JsonObject {
  switch (ownMember(wire, 'type')) {
    case '16':
    case '18':
    case '20':
    case '22':
      return double(wire, 'key', 'password');
    case '51':
      return double(wire, 'did', 'ID');
    case '136':
    case '137':
      return command(wire);
    case '202':
      return mapElements(wire, 'contents', within);
    default:
      return wire;
  }
}

/** Peers that read lists of contents also read a receipt's `origin`, so it is written once there (spec §9.1, §9.6). */
function within(wire: JsonObject): JsonObject {
  return ownMember(wire, 'command') === 'receipt' ? double(wire, 'command', 'cmd') : names(wire);
}

function command(wire: JsonObject): JsonObject {
  return double(double(byName(wire), 'command', 'cmd'), 'did', 'ID');
}

function byName(wire: JsonObject): JsonObject {
  switch (ownMember(wire, 'command')) {
    case 'handshake':
      return double(wire, 'title', 'message');
    case 'meta':
      return mapMember(wire, 'meta', meta);
    case 'documents':
      return documents(mapMember(wire, 'meta', meta));
    case 'receipt':
      return receipt(wire);
    case 'login':
      return mapMember(
        mapMember(wire, 'station', (each) => double(each, 'did', 'ID')),
        'provider',
        (each) => double(each, 'did', 'ID'),
      );
    default:
      return wire;
  }
}

/** Calls `documents` `document` and writes the newest one; writes the list too if it is longer (spec §9.5). */
function documents(wire: JsonObject): JsonObject {
  const { documents: list, ...rest } = mapElements(wire, 'documents', (each) =>
    double(each, 'did', 'ID'),
  );
  const command = { ...rest, command: 'document' };
  if (!Array.isArray(list) || list.length === 0) return command;
  const document = newest(list);
  return list.length === 1 ? { ...command, document } : { ...command, document, documents: list };
}

/** Returns the document with the latest signed time; the later one of equals (spec §7.5). */
export function newest(list: readonly Json[]): Json {
  let best: Json = list[0] ?? null;
  for (const each of list) if (signedTime(each) >= signedTime(best)) best = each;
  return best;
}

function signedTime(document: Json): number {
  const data = isJsonObject(document) ? ownMember(document, 'data') : undefined;
  if (typeof data !== 'string') return 0;
  try {
    const properties = JSON.parse(data) as Json;
    const time = isJsonObject(properties) ? Number(ownMember(properties, 'time')) : 0;
    return Number.isFinite(time) ? time : 0;
  } catch {
    return 0;
  }
}

/** Writes `origin` also as `envelope` and flat, with the serial number of the original message (spec §9.6). */
function receipt(wire: JsonObject): JsonObject {
  const origin = ownMember(wire, 'origin');
  if (!isJsonObject(origin)) return wire;
  const flat = pick(origin, ['sn', 'sender', 'receiver', 'signature']);
  return { ...wire, envelope: origin, ...flat };
}
