import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';
import { newest } from './deployed.ts';
import type { Dialect, WireScope } from './dialect.ts';
import { mapElements, mapMember, metaType, pick, rename } from './double.ts';
import { numericType } from './type-number.ts';

/**
 * The dialect of 0.8 peers of 2019 (spec §15.1, §17.8): whole seconds, numeric types, the IV inside the key, `profile`, and the
 * old names only.
 */
export const seed: Dialect<'seed'> = {
  name: 'seed',
  ivInKey: true,
  outgoing,
};

function outgoing(scope: WireScope, wire: JsonObject): JsonObject {
  switch (scope) {
    case 'message':
      return message(wire);
    case 'content':
      return content(wire);
    case 'meta':
      return meta(wire);
    case 'document':
      return document(wire);
    case 'key':
      return wire;
  }
}

function message(wire: JsonObject): JsonObject {
  const { IV: _iv, visa: _visa, ...rest } = wholeSeconds(wire);
  return mapMember({ ...rest, type: numericType(ownMember(rest, 'type')) }, 'meta', meta);
}

function content(wire: JsonObject): JsonObject {
  const named = names(wire);
  return wholeSeconds({ ...named, type: numericType(ownMember(named, 'type')) });
}

function wholeSeconds(wire: JsonObject): JsonObject {
  const time = ownMember(wire, 'time');
  return typeof time === 'number' ? { ...wire, time: Math.trunc(time) } : wire;
}

function meta(wire: JsonObject): JsonObject {
  const { type: _type, version: _version, ...rest } = wire;
  return { version: numericType(metaType(wire)), ...rest };
}

function document(wire: JsonObject): JsonObject {
  const { type: _type, terminal: _terminal, ...rest } = rename(wire, 'did', 'ID');
  return rest;
}

function names(wire: JsonObject): JsonObject {
  switch (ownMember(wire, 'type')) {
    case '16':
    case '18':
    case '20':
    case '22':
      return file(wire);
    case '51':
      return rename(wire, 'did', 'ID');
    case '136':
    case '137':
      return rename(command(wire), 'did', 'ID');
    case '202':
      return mapElements(wire, 'contents', content);
    default:
      return wire;
  }
}

function command(wire: JsonObject): JsonObject {
  switch (ownMember(wire, 'command')) {
    case 'handshake':
      return rename(wire, 'title', 'message');
    case 'meta':
      return mapMember(wire, 'meta', meta);
    case 'documents':
      return profile(mapMember(wire, 'meta', meta));
    case 'receipt':
      return receipt(rename(wire, 'text', 'message'));
    case 'report':
      return report(wire);
    case 'login':
      return login(wire);
    case 'search':
    case 'users':
      return mapMember(wire, 'results', metasByID);
    default:
      return wire;
  }
}

/** Peers of 0.8 look for the IV in the key only, and read pictures as bare Base64 only (spec §1.4, §2.1). */
function file(wire: JsonObject): JsonObject {
  const { IV, ...rest } = mapPicture(mapPicture(wire, 'thumbnail'), 'snapshot');
  const key = ownMember(rest, 'key');
  if (typeof IV === 'string' && isJsonObject(key)) {
    return rename({ ...rest, key: { ...key, iv: IV } }, 'key', 'password');
  }
  return rename(IV === undefined ? rest : { ...rest, IV }, 'key', 'password');
}

function mapPicture(wire: JsonObject, name: string): JsonObject {
  const picture = ownMember(wire, name);
  if (typeof picture !== 'string') return wire;
  const bare = /^data:[^,]*;base64,/i.exec(picture);
  return bare === null ? wire : { ...wire, [name]: picture.slice(bare[0].length) };
}

/** Writes text and signature of the newest document into the command itself (spec §9.5). */
function profile(wire: JsonObject): JsonObject {
  const { documents, last_time: _time, ...rest } = wire;
  const command = { ...rest, command: 'profile' };
  const document = Array.isArray(documents) && documents.length > 0 ? newest(documents) : null;
  if (!isJsonObject(document)) return command;
  return { ...command, profile: document['data'], signature: document['signature'] };
}

/** Writes a flat receipt: serial number, sender, receiver and time are those of the original message (spec §9.6). */
function receipt(wire: JsonObject): JsonObject {
  const { origin, ...rest } = wire;
  if (!isJsonObject(origin)) return rest;
  const flat = pick(origin, ['sn', 'sender', 'receiver', 'time', 'signature']);
  return { ...rest, ...flat };
}

/** Moves all members except the time into an inner object (spec §9.7). */
function login(wire: JsonObject): JsonObject {
  const { did, device, agent, station, provider, ...rest } = wire;
  if (did === undefined || Object.hasOwn(rest, 'login')) return wire;
  const inner: Record<string, Json> = { account: did };
  const members = { terminal: device, userAgent: agent, station, provider };
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) inner[name] = isJsonObject(value) ? rename(value, 'did', 'ID') : value;
  }
  return { ...rest, login: inner };
}

function metasByID(results: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(results).map(([id, each]) => [id, isJsonObject(each) ? meta(each) : each]),
  );
}

/** Writes `online` and `offline` as `foreground` and `background` (spec §9.8). */
function report(wire: JsonObject): JsonObject {
  switch (ownMember(wire, 'title')) {
    case 'online':
      return { ...wire, state: 'foreground' };
    case 'offline':
      return { ...wire, state: 'background' };
    default:
      return wire;
  }
}
