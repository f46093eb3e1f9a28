import { isProtocolError, type Json, type JsonObject } from '@dimp/foundation';
import { EntityType, type ID, isGroupType } from '@dimp/mkm';
import { partsOf } from './kinds.ts';
import { protocol } from './protocol.ts';
import { type Kind, SettingProblem } from './setting.ts';

/** A trusted station. */
export interface NeighbourAddress {
  readonly id: ID;
  /** Address to connect to. A neighbour without an address must connect to this station. */
  readonly at: { readonly host: string; readonly port: number; readonly tls: boolean } | undefined;
}

/** Default port of stations (spec §12.1). */
const PORT = 9394;

/** Neighbour stations: objects with `id`, `host`, `port`, `tls` in the file, else `ID` or `ID=tcp://HOST:PORT`. */
export const neighbourList: Kind<readonly NeighbourAddress[]> = {
  placeholder: 'ID=URL,…',
  read(input) {
    const items: readonly Json[] = Array.isArray(input) ? input : partsOf(input);
    const found = items.map((item) => readNeighbour(item));
    if (new Set(found.map(({ id }) => id.entity)).size === found.length) return found;
    throw new SettingProblem('must not contain a station twice');
  },
  show: (value) => value.map(showNeighbour).join(','),
};

/** Short names with their IDs (spec §11.10): an object in the file, else `NAME=ID`. */
export const names: Kind<Readonly<Record<string, ID>>> = {
  placeholder: 'NAME=ID,…',
  read(input) {
    const found = new Map<string, ID>();
    for (const [name, id] of entriesOf(input)) {
      if (found.has(name)) throw new SettingProblem('must not contain a name twice');
      found.set(name, readID(id));
    }
    return Object.fromEntries(found);
  },
  show: (value) =>
    Object.entries(value)
      .map(([name, id]) => `${name}=${id.text}`)
      .join(','),
};

function readNeighbour(item: Json): NeighbourAddress {
  if (typeof item === 'string') {
    const [id, url] = splitLast(item);
    return { id: readStation(id), at: url === undefined ? undefined : readUrl(url) };
  }
  if (!isObject(item)) throw wrongNeighbour();
  const { id = null, host, port = PORT, tls = false, ...others } = item as Record<string, Json>;
  if (Object.keys(others).length > 0) throw wrongNeighbour();
  if (host === undefined) return { id: readStation(id), at: undefined };
  if (typeof host !== 'string' || !isHost(host) || !isPort(port) || typeof tls !== 'boolean') {
    throw wrongNeighbour();
  }
  return { id: readStation(id), at: { host, port, tls } };
}

function readUrl(text: string): NeighbourAddress['at'] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const rest = url === undefined ? '' : url.username + url.password + url.search + url.hash;
  if (url === undefined || rest !== '' || !['', '/'].includes(url.pathname)) throw wrongNeighbour();
  const tls = url.protocol === 'tls:';
  if (!tls && url.protocol !== 'tcp:') throw wrongNeighbour();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? PORT : Number(url.port);
  if (!isHost(host) || !isPort(port)) throw wrongNeighbour();
  return { host, port, tls };
}

function showNeighbour({ id, at }: NeighbourAddress): string {
  if (at === undefined) return id.text;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return `${id.text}=${at.tls ? 'tls' : 'tcp'}://${host}:${at.port}`;
}

function readStation(text: Json): ID {
  const id = readID(text);
  if (id.type === EntityType.Station) return id;
  throw new SettingProblem('must contain IDs of stations only');
}

function readID(text: Json): ID {
  try {
    const id = protocol.parseID(text);
    if (!id.isBroadcast && !isGroupType(id.type)) return id;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  throw new SettingProblem('must contain IDs of users, bots or stations only');
}

function entriesOf(input: Json): readonly (readonly [string, Json])[] {
  if (isObject(input)) return Object.entries(input).map(([name, id]) => [name, id ?? null]);
  return partsOf(input).map((part) => {
    const at = part.indexOf('=');
    if (at <= 0) throw new SettingProblem('must be NAME=ID,…');
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });
}

/** Splits at the last `=`: the name in an ID may contain one, but the URL cannot. */
function splitLast(item: string): readonly [id: string, url: string | undefined] {
  const at = item.lastIndexOf('=');
  return at === -1 ? [item, undefined] : [item.slice(0, at), item.slice(at + 1)];
}

function wrongNeighbour(): SettingProblem {
  return new SettingProblem(
    'must contain neighbours such as {"id": …, "host": …, "port": 9394, "tls": true}, or ID=tls://HOST:PORT',
  );
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHost(value: string): boolean {
  return /^[A-Za-z0-9._:-]{1,253}$/.test(value);
}

function isPort(value: Json): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}
